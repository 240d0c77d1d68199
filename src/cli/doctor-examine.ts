import type { FieldErrors } from 'channel-kit/channel'
import { before, within } from '../http-client/timeout.ts'
import { findRegistrations } from '../registrations/list.ts'
import { bar, type CliAnswer, count, progress } from './answer.ts'
import { sentence } from './error-text.ts'
import { type Host, withHost } from './lent-host.ts'
import { table } from './table.ts'

type FoundRegistration = Awaited<ReturnType<typeof findRegistrations>>[number]

/** How long a gateway may take to answer. */
const CHECK_MS = 20_000

/** A host that neither listens nor works lends what a channel needs to be asked. */
export const examine = ({ registration: id }: { registration?: number }): Promise<CliAnswer> =>
  withHost({ worker: false }, async (host, interrupted) => {
    const rows = await findRegistrations(host.database, new Date(), id)
    if (id !== undefined && rows.length === 0) throw new Error(`There is no registration ${id}.`)
    const found = []
    for (const [index, row] of rows.entries()) {
      interrupted.throwIfAborted()
      progress(`${bar(index, rows.length)}  ${index} of ${count(rows.length, 'registration')}`)
      found.push({ id: row.id, channel: row.channel, company: row.companyId, problems: await problemsOf(host, row) })
    }
    progress('')
    return told(found)
  })

async function problemsOf({ ready }: Host, row: FoundRegistration): Promise<string[]> {
  const paused = row.pausedUntil ? [`paused until ${row.pausedUntil.toISOString()}`] : []
  const archived = row.archivedAt ? ['its CRM wants to hear nothing any more'] : []
  try {
    const wrong = await within(CHECK_MS, async deadline => {
      const target = await ready(row.id, deadline)
      if ('unready' in target) return [target.unready]
      const { check = async () => ({}) } = target.channel
      const errors: FieldErrors = await before(deadline, check(target.tools))
      return Object.entries(errors).flatMap(([field, all]) => all.map(error => `${field}: ${error}`))
    })
    return [...archived, ...paused, ...wrong]
  } catch (error) {
    return [...archived, ...paused, sentence(error)]
  }
}

function told(
  found: readonly { id: number; channel: string; company: string; problems: readonly string[] }[]
): CliAnswer {
  const ill = found.filter(({ problems }) => problems.length > 0)
  const rows = found.map(({ id, channel, company, problems }) => [id, channel, company, problems.join('; ') || 'well'])
  return {
    data: { registrations: found },
    text: rows.length > 0 ? table(['registration', 'channel', 'company', 'how it is'], rows) : count(0, 'registration'),
    ...(ill.length > 0 ? { failure: `${count(ill.length, 'registration')} cannot send as it should.` } : {})
  }
}
