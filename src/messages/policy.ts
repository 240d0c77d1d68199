import type { Outcome } from 'channel-kit/outcome'

/** What follows an attempt to send. Pure. */
export type Next =
  | { kind: 'accepted'; outcome: Extract<Outcome, { kind: 'accepted' }> }
  | { kind: 'failed'; reason: string }
  | { kind: 'again'; at: Date; reason: string }
  /** The whole account waits, and the attempt is not counted. */
  | { kind: 'paused'; until: Date; reason: string }

export interface Policy {
  attempts: number
  intervalMs: number
}

/** The most that a gateway can put a message off: more is a mistake of its units, and at some point no date. */
export const LONGEST_MS = 30 * 24 * 3_600_000

/** What an operator reads when nobody knows whether a message left. */
const UNCERTAIN = 'uncertain: it may have been sent'

/** `attempt`: which one this was, from 1. `repeats`: a message that may have left may be sent again. */
export function next(outcome: Outcome, attempt: number, repeats: boolean, policy: Policy, now: Date): Next {
  const after = (ms: number) => new Date(now.getTime() + Math.min(ms, LONGEST_MS))

  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'accepted', outcome }
    case 'rejected':
      return { kind: 'failed', reason: outcome.reason }
    case 'throttled':
      return { kind: 'paused', until: after(outcome.afterMs), reason: outcome.reason }
    case 'unknown':
      if (!repeats) return { kind: 'failed', reason: `${UNCERTAIN} (${outcome.reason})` }
      return again(outcome.reason, policy.intervalMs)
    case 'retry':
      return again(outcome.reason, outcome.afterMs ?? policy.intervalMs)
  }

  function again(reason: string, ms: number): Next {
    if (attempt >= policy.attempts) return { kind: 'failed', reason: `gave up after ${attempt} attempts: ${reason}` }
    return { kind: 'again', at: after(ms), reason }
  }
}
