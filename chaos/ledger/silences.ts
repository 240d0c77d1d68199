import type { End, Journal } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'

const SOON_MS = 30_000

/** Of what was accepted since the database speaks again, the first has soon reached the gateway, and the CRM has soon heard of one. */
export function silencesOvercome({ ends, posts, arrivals, told, lateMs }: Journal): Entry {
  const entry = openEntry('within thirty seconds of a silence of the database, sending and telling went on')
  for (const { at, untilAt = at } of ends.filter(({ how }) => how === 'silent')) {
    const since = Math.max(untilAt, ...ends.filter(isOf(untilAt)).map(({ at, untilAt = at }) => untilAt))
    const later = posts.filter(({ acceptedAt = 0 }) => acceptedAt > since)
    const ids = new Set(later.map(({ id }) => id))
    const from = Math.min(...later.map(({ acceptedAt }) => acceptedAt as number))
    for (const [what, all] of Object.entries({ 'reached the gateway': arrivals, 'was told': told })) {
      const took = Math.min(...all.filter(({ id }) => ids.has(id)).map(({ at }) => at)) - from
      if (ids.size > 0) entry.check(took > SOON_MS + lateMs() ? `${took} ms until something ${what} again` : undefined)
    }
  }
  return entry.close()
}

/** Something else that was wrong as soon afterwards. */
const isOf =
  (end: number) =>
  ({ at, untilAt = at }: End): boolean =>
    at < end + SOON_MS && untilAt > end
