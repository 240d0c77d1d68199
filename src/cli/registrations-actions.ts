import { readConfig } from '../config.ts'
import { issuerProblem, originOf } from '../protocol/issuers.ts'
import { type ListedRegistration, listRegistrations } from '../registrations/list.ts'
import { moveRegistration } from '../registrations/move.ts'
import { pauseText } from '../registrations/pause.ts'
import { setRetryUnknown } from '../registrations/retry-unknown.ts'
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './lent-database.ts'
import { table } from './table.ts'

const TITLES = [
  'id',
  'channel',
  'company',
  'plugin',
  'cluster',
  'registered',
  'archived',
  'paused',
  'retries unknown',
  'waiting messages',
  'waiting items'
]

const cells = (row: ListedRegistration) => [
  row.id,
  row.channel,
  row.companyId,
  `${row.alias}/${row.pluginId}`,
  row.clusterUri,
  row.registeredAt,
  row.archivedAt,
  row.pauses.map(pauseText).join('; '),
  row.retryUnknown ? 'yes' : 'no',
  row.messages.count,
  row.items.count
]

/** `pausedUntil`: by the gateway. */
const dataOf = ({ messages, items, ...row }: ListedRegistration) => ({
  ...row,
  pausedUntil: row.pauses.find(({ by }) => by === 'gateway')?.until ?? null,
  waitingMessages: messages.count,
  waitingItems: items.count
})

export const registrationsList = (): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const rows = await listRegistrations(database, new Date())
    const total = count(rows.length, 'registration')
    return {
      data: { registrations: rows.map(dataOf) },
      text: rows.length > 0 ? `${table(TITLES, rows.map(cells))}\n${total}` : total
    }
  })

export const registrationsSet = (id: number, options: { retryUnknown: 'yes' | 'no' }): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const retryUnknown = options.retryUnknown === 'yes'
    if (!(await setRetryUnknown(database, id, retryUnknown))) throw new Error(`There is no registration ${id}.`)
    return {
      data: { id, retryUnknown },
      text: retryUnknown
        ? `Registration ${id} sends a message again that may have left already.`
        : `Registration ${id} sends no message again that may have left already, unless the gateway drops repetitions.`
    }
  })

export const registrationsMove = (id: number, { to }: { to: string }): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const problem = issuerProblem(to, readConfig(process.env).issuers)
    if (problem) throw new Error(`${to} may not issue tokens here: ${problem}.`)
    const origin = originOf(to)
    const moved = await moveRegistration(database, id, origin)
    switch (moved.kind) {
      case 'none':
        throw new Error(`There is no registration ${id}.`)
      case 'taken':
        throw new Error(`Registration ${moved.registrationId} is the same plugin at ${origin} already.`)
      case 'moved':
        return {
          data: { id, origin, clusterUri: moved.clusterUri },
          text: `Registration ${id} belongs to ${origin}, and its outbox goes to ${moved.clusterUri}. Have that CRM register it anew, so that both know one secret.`
        }
    }
  })
