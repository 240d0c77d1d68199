import type { Arrival, Journal } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'
import type { Rows } from './rows.ts'

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
