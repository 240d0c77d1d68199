import type { Arrival, Journal } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'
import type { Excuses } from './excuses.ts'
import { wasLate } from './excuses.ts'
import type { Rows } from './rows.ts'

/** The excuse for a second arrival of a message, or the reason why there is none. */
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
    if (wasLate(before, rows)) return 'the answer came too late'
    return repeated.attempt < before.attempt && wasLate(repeated, rows)
      ? 'it was given up before, and came all the same'
      : undefined
  }
}
