import type { Arrival, Exchange } from '../journal.ts'
import type { Rows } from './rows.ts'

/** To a host an answer in the last moment is none. */
const LATE_MS = 1_500

/** Of a call about a lot, which no story tells of: whether its answer may have come too late for its host. */
export const mayBeLate = ({ at, answeredAt = at }: Pick<Exchange, 'at' | 'answeredAt'>): boolean =>
  answeredAt - at > LATE_MS

/**
 * Whether the host had given the call up by its own word. Such a call still
 * arrives, as late as the machine makes it: it was on its way.
 */
export function wasLate(arrival: Arrival, rows: Rows): boolean {
  const { id, attempt } = arrival
  if (attempt === 0) return mayBeLate(arrival)
  const story = rows.messages.get(id)?.story ?? []
  return story.some(
    chapter =>
      chapter.kind === 'attempt' &&
      chapter.number === attempt &&
      chapter.outcome === 'unknown' &&
      chapter.durationMs > LATE_MS
  )
}
