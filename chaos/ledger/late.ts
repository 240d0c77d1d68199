import type { Arrival, Exchange, Journal } from '../journal.ts'
import type { Rows } from './rows.ts'

/** To a host an answer in the last moment is none. */
const LATE_MS = 1_500

/** True if the answer to a call about a lot, which has no story entry, may have come too late for its host. */
export const mayBeLate = ({ at, answeredAt = at }: Pick<Exchange, 'at' | 'answeredAt'>): boolean =>
  answeredAt - at > LATE_MS

/** True if the answer came too late for the host, by its own word where it has one. */
export const wasLate = (arrival: Arrival, rows: Rows): boolean =>
  arrival.attempt === 0 ? mayBeLate(arrival) : timedOut(arrival, rows) !== undefined

/**
 * When the host gave the call up, by its own word. Such a call still arrives, as
 * late as the machine makes it: it was on its way. Undefined: it did not.
 */
export function givenUpAt(arrival: Arrival, rows: Rows, { timeOf }: Pick<Journal, 'timeOf'>): number | undefined {
  const attempt = timedOut(arrival, rows)
  return attempt && timeOf(new Date(attempt.at)) + attempt.durationMs
}

function timedOut({ id, attempt }: Arrival, rows: Rows): { at: string; durationMs: number } | undefined {
  for (const chapter of rows.messages.get(id)?.story ?? [])
    if (chapter.kind === 'attempt' && chapter.number === attempt)
      if (chapter.outcome === 'unknown' && chapter.durationMs > LATE_MS) return chapter
  return undefined
}
