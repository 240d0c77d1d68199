import type { AttemptResult, ClaimedMessage } from '../delivery/attempt.ts'
import { sanitize } from '../postgres/sanitize-text.ts'

/** What became of a message in a lot, as if it had been sent by itself. */

export function acceptedEnd(taken: ClaimedMessage, lotRef: string, now: Date): AttemptResult {
  const ref = refIn(lotRef, taken.message.id)
  return {
    claimed: taken,
    decision: {
      kind: 'accepted',
      outcome: {
        kind: 'accepted',
        ref,
        later: [{ afterMs: 0, events: [{ kind: 'status', ref, status: 'sent' }] }]
      }
    },
    storyEntry: {
      kind: 'attempt',
      at: now.toISOString(),
      number: taken.message.attempts,
      outcome: 'accepted',
      ref,
      durationMs: 0
    }
  }
}

export const failedEnd = (
  taken: ClaimedMessage,
  reason: string,
  now: Date,
  outcome: 'rejected' | 'unknown' = 'rejected'
): AttemptResult => ({
  claimed: taken,
  decision: { kind: 'failed', reason, ...(outcome === 'unknown' ? { doubt: 'channel' } : {}) },
  storyEntry: {
    kind: 'attempt',
    at: now.toISOString(),
    number: taken.message.attempts,
    outcome,
    reason: sanitize(reason),
    durationMs: 0
  }
})

/** Lots have ids at their gateway, their messages have not. */
export const refIn = (lotRef: string, message: number) => sanitize(`${lotRef}/${message}`)
