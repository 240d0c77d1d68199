import type { Status } from 'channel-kit/chat'
import type { Gateway } from '../gateways/gateway.ts'
import type { Arrival, Journal, Told } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'
import type { Excuses } from './excuses.ts'
import type { Rows } from './rows.ts'

/** Written down here anew: the ledger must not believe the code that it judges. */
const FOLLOWS: Readonly<Record<Status, readonly (Status | undefined)[]>> = {
  sent: [undefined],
  delivered: [undefined, 'sent'],
  read: [undefined, 'sent', 'delivered'],
  error: [undefined, 'sent']
}

/** Monotonic and without repetition, but where the CRM took one and its answer was lost. */
export function statusesAdvance(journal: Journal, excuses: Excuses): Entry {
  const entry = openEntry('statuses at the CRM only advance, and none is repeated unless its answer was lost')
  const taken = journal.told.filter(({ took, kind }) => took && kind === 'status')
  for (const [id, told] of Map.groupBy(taken, ({ id }) => id))
    for (const [index, { status }] of told.entries()) entry.check(problemOf(id, told[index - 1], status as Status))
  return entry.close()

  function problemOf(id: string, before: Told | undefined, status: Status): string | undefined {
    if (before?.status !== status)
      return FOLLOWS[status].includes(before?.status) ? undefined : `${id}: ${status} after ${before?.status}`
    const excuse = excuses.tellingLost(before)
    if (excuse) entry.note(`repeated: ${excuse}`)
    return excuse ? undefined : `${id}: ${status} twice (${before.conduct}, answered at ${before.answeredAt})`
  }
}

/**
 * The last, or rather highest, status of a gateway is the last that the CRM was told. Where statuses name our messages
 * (`confirms`), that holds for any of the refs of a message that the gateway took twice.
 */
export function statusesArrive(journal: Journal, rows: Rows, { confirms }: Pick<Gateway, 'confirms'>): Entry {
  const entry = openEntry('the CRM was told how far each message got')
  const last = new Map(
    journal.told.flatMap(({ took, kind, id, status }) => (took && kind === 'status' ? [[id, status] as const] : []))
  )
  const reported = Map.groupBy(
    journal.reports.filter(({ ackedAt }) => ackedAt !== undefined),
    ({ account, ref }) => `${account.key} ${ref}`
  )
  const taken = Map.groupBy(
    journal.arrivals.filter(({ processed }) => processed),
    ({ id }) => id
  )

  for (const [id, { crmId, state, ref, account }] of rows.messages) {
    if (state !== 'accepted' || ref === null || crmId === null) continue
    const refs = confirms ? (taken.get(id) ?? []).map(arrival => arrival.ref) : [ref]
    const foreseen = (taken.get(id) ?? []).find(arrival => arrival.ref === ref)?.foreseen?.statuses ?? []
    const wanted = refs.map(one =>
      highest([...(reported.get(`${account} ${one}`) ?? []).map(({ status }) => status), ...foreseen])
    )
    entry.check(
      wanted.includes(last.get(id))
        ? undefined
        : `${id}: the gateway says ${wanted.join(' or ')}, the CRM heard ${last.get(id)}`
    )
  }
  return entry.close()
}

const highest = (all: readonly (Status | undefined)[]) =>
  (['error', 'read', 'delivered', 'sent'] as const).find(status => all.includes(status))

/** Clocks and commits are not that exact. */
const LAG_MS = 50
/** How long ago a host may have read what it sends now. */
const SENDS_MS = 1_000

/** Where statuses name our messages: what they say is believed, whatever became of the answer. */
export function confirmedCounts(journal: Journal, rows: Rows): Entry {
  const entry = openEntry('a message that a status named in time counts as sent, and is not sent again')
  const named = namedAt(journal)
  for (const [id, at] of named) {
    const { state, reason, settledAt, story } = rows.messages.get(id) ?? {}
    const givenUpAt = state === 'failed' && reason?.startsWith('uncertain') && settledAt && journal.timeOf(settledAt)
    entry.check(
      givenUpAt && at < givenUpAt - LAG_MS ? `${id} was given up though a status had named it at ${at}` : undefined
    )
    if (story?.some(({ kind }) => kind === 'confirmed')) entry.note('confirmed by a status')
  }
  for (const arrival of journal.arrivals) entry.check(repeated(arrival, named.get(arrival.id)))
  return entry.close()
}

/** When the hosts first took a status of each message. */
function namedAt({ reports }: Journal): ReadonlyMap<string, number> {
  const named = new Map<string, number>()
  for (const { id, ackedAt } of reports)
    if (id !== undefined && ackedAt !== undefined) named.set(id, Math.min(ackedAt, named.get(id) ?? ackedAt))
  return named
}

const repeated = ({ id, at, attempt }: Arrival, namedAt: number | undefined) =>
  namedAt !== undefined && at > namedAt + SENDS_MS
    ? `${id} came again (attempt ${attempt}) at ${at}, though a status had named it at ${namedAt}`
    : undefined
