import type { Ended, Taken } from '../delivery/attempt.ts'
import { plain } from '../postgres/sanitize-text.ts'

/** What became of a message in a lot, as if it had been sent by itself. */

export function acceptedEnd(taken: Taken, lotRef: string, now: Date): Ended {
  const ref = refIn(lotRef, taken.message.id)
  return {
    taken,
    next: {
      kind: 'accepted',
      outcome: {
        kind: 'accepted',
        ref,
        later: [{ afterMs: 0, events: [{ kind: 'status', ref, status: 'sent' }] }]
      }
    },
    told: {
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
  taken: Taken,
  reason: string,
  now: Date,
  outcome: 'rejected' | 'unknown' = 'rejected'
): Ended => ({
  taken,
  next: { kind: 'failed', reason, ...(outcome === 'unknown' ? { doubt: 'channel' } : {}) },
  told: {
    kind: 'attempt',
    at: now.toISOString(),
    number: taken.message.attempts,
    outcome,
    reason: plain(reason),
    durationMs: 0
  }
})

/** Lots have ids at their gateway, their messages have not. */
export const refIn = (lotRef: string, message: number) => plain(`${lotRef}/${message}`)
