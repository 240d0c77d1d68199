import type { GatewayEvent } from 'channel-kit/event'
import type { Outcome } from 'channel-kit/outcome'
import type { Doubt } from '../postgres/schema/messages.ts'

/** The decision that follows an attempt to send. Pure. */
export type Decision =
  | { kind: 'accepted'; outcome: Extract<Outcome, { kind: 'accepted' }>; doubt?: undefined }
  /** `doubt`: only because nobody knows whether it has left. */
  | { kind: 'failed'; reason: string; doubt?: Doubt; events?: readonly GatewayEvent[] }
  | { kind: 'again'; at: Date; reason: string; doubt?: Doubt }
  /** The whole account waits, and the attempt is not counted. */
  | { kind: 'paused'; until: Date; reason: string; doubt?: undefined }

export interface RetryPolicy {
  attempts: number
  intervalMs: number
}

/** The most that a gateway can put a message off: more is a mistake of its units, and at some point no date. */
export const LONGEST_WAIT_MS = 30 * 24 * 3_600_000

/** The reason that an operator reads when nobody knows whether a message left. */
const UNCERTAIN = 'uncertain: it may have been sent'

/** `attempt`: which one this was, from 1. `repeats`: a message that may have left may be sent again. */
export function decide(outcome: Outcome, attempt: number, repeats: boolean, policy: RetryPolicy, now: Date): Decision {
  const after = (ms: number) => new Date(now.getTime() + Math.min(ms, LONGEST_WAIT_MS))

  switch (outcome.kind) {
    case 'accepted':
      return { kind: 'accepted', outcome }
    case 'rejected':
      return { kind: 'failed', reason: outcome.reason, ...(outcome.events ? { events: outcome.events } : {}) }
    case 'throttled':
      return { kind: 'paused', until: after(outcome.afterMs), reason: outcome.reason }
    case 'unknown':
      // A wait for a status is no attempt, so it is allowed after the last attempt, too.
      if (outcome.awaitMs !== undefined && attempt <= policy.attempts)
        return { kind: 'again', at: after(outcome.awaitMs), reason: outcome.reason, doubt: 'channel' }
      if (!repeats) return { kind: 'failed', reason: `${UNCERTAIN} (${outcome.reason})`, doubt: 'channel' }
      return again(outcome.reason, policy.intervalMs)
    case 'retry':
      return again(outcome.reason, outcome.afterMs ?? policy.intervalMs)
  }

  function again(reason: string, ms: number): Decision {
    if (attempt >= policy.attempts) return { kind: 'failed', reason: `gave up after ${attempt} attempts: ${reason}` }
    return { kind: 'again', at: after(ms), reason }
  }
}

/** The events that a channel foresaw and that are not due at once, the first one first. */
export const scheduledOf = ({ outcome: { later = [] } }: Extract<Decision, { kind: 'accepted' }>) =>
  later
    .filter(({ afterMs }) => afterMs > 0)
    .map(one => ({ ...one, afterMs: Math.min(one.afterMs, LONGEST_WAIT_MS) }))
    .toSorted((a, b) => a.afterMs - b.afterMs)

/** Until when the account sends nothing; undefined: it goes on. */
export function pauseUntil(decision: Decision, now: Date): Date | undefined {
  if (decision.kind === 'paused') return decision.until
  const restMs = decision.kind === 'accepted' ? (decision.outcome.restMs ?? 0) : 0
  return restMs > 0 ? new Date(now.getTime() + Math.min(restMs, LONGEST_WAIT_MS)) : undefined
}
