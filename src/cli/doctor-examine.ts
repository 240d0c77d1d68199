import type { FieldErrors } from 'channel-kit/channel'
import { beforeDeadline } from '../channels/call-channel.ts'
import { within } from '../http-client/timeout.ts'
import { type FoundRegistration, findRegistrations } from '../registrations/list.ts'
import { pauseText } from '../registrations/pause.ts'
import { bar, type CliAnswer, count, errorText, progress } from './answer.ts'
import { type Host, withHost } from './lent-host.ts'
import { table } from './table.ts'

/** A gateway has so long to answer. */
const CHECK_TIMEOUT_MS = 20_000

/** Asks the gateways by a host that neither listens nor works, since `check` needs the tools of a channel. */
export const examine = ({ registration: id }: { registration?: number }): Promise<CliAnswer> =>
  withHost({ worker: false }, async (host, interrupted) => {
    const rows = await findRegistrations(host.database, new Date(), { id })
    if (id !== undefined && rows.length === 0) throw new Error(`There is no registration ${id}.`)
    const found = []
    for (const [index, row] of rows.entries()) {
      interrupted.throwIfAborted()
      progress(`${bar(index, rows.length)}  ${index} of ${count(rows.length, 'registration')}`)
      found.push({ id: row.id, channel: row.channel, company: row.companyId, problems: await problemsOf(host, row) })
    }
    progress('')
    return answerOf(found)
  })

async function problemsOf({ ready }: Host, row: FoundRegistration): Promise<string[]> {
  const paused = row.pauses.map(pauseText)
  const archived = row.archivedAt ? ['archived: its CRM refuses every call'] : []
  try {
    const wrong = await within(CHECK_TIMEOUT_MS, async deadline => {
      const runtime = await ready(row.id, deadline)
      if (!runtime.ok) return [runtime.reason]
      const { channel, tools } = runtime.value
      const { check = async () => ({}) } = channel
      const errors: FieldErrors = await beforeDeadline(deadline, () => check(tools))
      return Object.entries(errors).flatMap(([field, all]) => all.map(error => `${field}: ${error}`))
    })
    return [...archived, ...paused, ...wrong]
  } catch (error) {
    return [...archived, ...paused, errorText(error)]
  }
}

function answerOf(
  found: readonly { id: number; channel: string; company: string; problems: readonly string[] }[]
): CliAnswer {
  const failing = found.filter(({ problems }) => problems.length > 0)
  const rows = found.map(({ id, channel, company, problems }) => [id, channel, company, problems.join('; ') || 'ok'])
  return {
    data: { registrations: found },
    text: rows.length > 0 ? table(['registration', 'channel', 'company', 'problems'], rows) : count(0, 'registration'),
    ...(failing.length > 0 ? { failure: `${count(failing.length, 'registration')} cannot send as it should.` } : {})
  }
}
