import type { End, Journal } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'

const SOON_MS = 30_000

/** The first message that is accepted after the database answers again soon reaches the gateway. The CRM's time depends on the CRM, too. */
export function silencesOvercome({ ends, posts, arrivals, lateMs }: Journal): Entry {
  const entry = openEntry('within thirty seconds of a silence of the database, sending went on')
  for (const { at, untilAt = at } of ends.filter(({ how }) => how === 'silent')) {
    const since = Math.max(untilAt, ...ends.filter(isOf(untilAt)).map(({ at, untilAt = at }) => untilAt))
    const later = posts.filter(({ acceptedAt = 0 }) => acceptedAt > since)
    if (later.length === 0) continue
    const ids = new Set(later.map(({ id }) => id))
    const from = Math.min(...later.map(({ acceptedAt }) => acceptedAt as number))
    const took = Math.min(...arrivals.filter(({ id }) => ids.has(id)).map(({ at }) => at)) - from
    entry.check(took > SOON_MS + lateMs() ? `${took} ms until something reached the gateway again` : undefined)
  }
  return entry.close()
}

/** Something else that was wrong as soon afterwards. */
const isOf =
  (end: number) =>
  ({ at, untilAt = at }: End): boolean =>
    at < end + SOON_MS && untilAt > end
