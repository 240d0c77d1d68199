import type { PushAnswer } from './attempt.ts'
import type { PushWebhook } from './claim.ts'

/** The price of failed attempts: a pause of the whole webhook, which grows, and in the end that it is disabled. */

const SECOND_MS = 1_000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS

/** The pauses after the first failure, the second and so on; after all others the last one. */
const PAUSES_MS = [
  5 * SECOND_MS,
  30 * SECOND_MS,
  2 * MINUTE_MS,
  5 * MINUTE_MS,
  15 * MINUTE_MS,
  HOUR_MS,
  2 * HOUR_MS,
  4 * HOUR_MS
] as const
/** A pause is longer or shorter by so much of it, so that webhooks which failed together do not come back together. */
const JITTER = 0.2

export const DISABLED_AFTER_DAYS = 5
const DISABLED_AFTER_MS = DISABLED_AFTER_DAYS * 24 * HOUR_MS
/** Five days have thirty attempts at least. A webhook that failed once before its hosts were away for days has had its chance still to come. */
const MIN_FAILURES = 20

type Health = Pick<PushWebhook, 'failures' | 'failingSince' | 'dueAt' | 'disabledAt' | 'disabledReason'>

export const HEALTHY: Health = {
  failures: 0,
  failingSince: null,
  dueAt: null,
  disabledAt: null,
  disabledReason: null
}

/** The state of a webhook after a failed attempt at that time. `random`: from 0 to 1. */
export function healthAfter(
  { failures: before, failingSince: since }: Pick<Health, 'failures' | 'failingSince'>,
  answer: PushAnswer & { kind: 'failed' | 'gone' },
  { at, random }: { at: Date; random: number }
): Health {
  const failures = before + 1
  const failingSince = since ?? at
  const failing = { failures, failingSince, dueAt: null, disabledAt: at }
  if (answer.kind === 'gone') return { ...failing, disabledReason: 'it answered 410: it is gone' }
  if (failures >= MIN_FAILURES && at.getTime() - failingSince.getTime() >= DISABLED_AFTER_MS)
    return { ...failing, disabledReason: `it failed for ${DISABLED_AFTER_DAYS} days: ${answer.reason}` }
  const pauseMs = (PAUSES_MS[failures - 1] ?? PAUSES_MS.at(-1) ?? 0) * (1 - JITTER + 2 * JITTER * random)
  const dueAt = new Date(at.getTime() + Math.max(pauseMs, answer.retryAfterMs ?? 0))
  return { failures, failingSince, dueAt, disabledAt: null, disabledReason: null }
}
