import type { Arrival, Journal } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'
import { type Excuses, mayBeLate } from './excuses.ts'
import type { Rows } from './rows.ts'

/** What a message's second arrival is excused by, or why by nothing. */
type Verdict = { excuse: string } | { problem: string }

/** Duplicates: only of what was said not to have been processed, or where the account repeats what may have left. */
export function repeatsExplained(journal: Journal, rows: Rows, excuses: Excuses): Entry {
  const entry = openEntry('every repetition at the gateway is explained, and where it does not dedupe there is none')
  for (const [, arrivals] of Map.groupBy(journal.arrivals, ({ id }) => id))
    for (const [index, arrival] of arrivals.entries()) {
      const before = arrivals[index - 1]
      if (!before) continue
      const verdict = judge(before, arrival)
      if ('excuse' in verdict) entry.note(verdict.excuse)
      entry.check('problem' in verdict ? verdict.problem : undefined)
    }
  return entry.close()

  function judge(before: Arrival, repeated: Arrival): Verdict {
    const { id, account, host, said, attempt } = before
    if (said === 'not processed')
      return { excuse: before.processed ? 'the gateway denied having it' : 'it had not been processed' }
    const what = `${id}, attempt ${attempt} by ${host} (${before.conduct}, ${said}), came again by ${repeated.host} (attempt ${repeated.attempt})`
    if (!account.repeats) return { problem: `${what}, though its gateway does not dedupe` }
    const doubt = doubtOf(before, repeated)
    return doubt ? { excuse: `unknown: ${doubt}` } : { problem: `${what} for no reason` }
  }

  /** Why its host could not know that the gateway had it. */
  function doubtOf(before: Arrival, repeated: Arrival): string | undefined {
    if (before.said === 'failed' || before.said === 'nothing') return 'the answer was lost'
    if (excuses.senderKilled(before)) return 'its host was killed'
    if (wasLate(before)) return 'the answer came too late'
    return repeated.attempt < before.attempt && wasLate(repeated)
      ? 'it was given up before, and came all the same'
      : undefined
  }

  /** The host's own word: to it an answer in the last moment is none. */
  function wasLate(arrival: Arrival): boolean {
    const { id, attempt } = arrival
    if (attempt === 0) return mayBeLate(arrival)
    const story = rows.messages.get(id)?.story ?? []
    return story.some(
      chapter =>
        chapter.kind === 'attempt' &&
        chapter.number === attempt &&
        chapter.outcome === 'unknown' &&
        chapter.durationMs > 1_500
    )
  }
}
