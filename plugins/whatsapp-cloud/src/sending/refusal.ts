import { createHash } from 'node:crypto'
import type { Outcome } from 'channel-kit/outcome'
import { retryAfterMs } from 'channel-kit/retry-after'
import { classOf, type ErrorClass, type GraphError } from '../graph/errors.ts'
import { explain } from '../graph/reasons.ts'
import { regainOf } from '../graph/usage.ts'
import { customerAt } from '../incoming/customer.ts'
import { OPTED_OUT, optOut } from '../incoming/opt-out.ts'
import { type Run, rejected } from './run.ts'

/** The outcome of a message by the error of the Graph API. README.md, "Errors". */

const SECOND_MS = 1_000
const MINUTE_MS = 60_000
const HOUR_MS = 3_600_000

const BACKOFF_MS = [2, 8, 30, 120, 300].map(seconds => seconds * SECOND_MS)
/** Where fewer attempts than that are worth it. */
const TRIES: ReadonlyMap<number, number> = new Map([
  [1, 2],
  [131000, 3]
])

const TOO_FAST = 130429
const PAIR_RATE = 131056

/** How long the whole number rests, in case the answer does not say. */
const WAITS_MS: ReadonlyMap<number, number> = new Map([
  [132069, HOUR_MS],
  [133008, HOUR_MS],
  [133009, 5 * MINUTE_MS],
  [133015, 5 * MINUTE_MS],
  [133016, 6 * HOUR_MS],
  [134101, 10 * MINUTE_MS]
])
const WAIT_MS = 15 * MINUTE_MS

/** Only an admin ends these, and saving the settings ends the pause. */
const PAUSES_MS: Readonly<Partial<Record<ErrorClass, number>>> = {
  token_invalid: 10 * MINUTE_MS,
  configuration: 10 * MINUTE_MS,
  account_blocked: HOUR_MS
}
/** An answer of the next morning is worse than none. */
const GIVE_UP_MS = 6 * HOUR_MS

/** Wrong about templates of a kind, not about the number: other messages go on. */
const OF_THE_MESSAGE = [131042, 131063, 134011, 134102]

export interface Refused {
  error: GraphError
  headers: Headers
}

export function refusal(refused: Refused, run: Run): Outcome {
  const { error } = refused
  const reason = explain(error, run.tools.translate)
  const kind = classOf(error)
  if (error.code === OPTED_OUT)
    return { kind: 'rejected', reason, sent: run.sent, events: optOut(customerAt(run.message.address), true) }
  if (kind === 'permanent' || kind === 'needs_template' || OF_THE_MESSAGE.includes(error.code))
    return rejected(run, reason)
  if (error.code === TOO_FAST) return slower(run, reason)
  if (error.code === PAIR_RATE) return again(run, reason, 4 ** Math.min(run.progress.tries, 4) * SECOND_MS, 10)
  if (kind === 'retry_backoff') return backOff(run, reason, TRIES.get(error.code), saidOf(refused, run))
  if (kind === 'retry_after') return wait(run, reason, waitOf(refused, run))
  return pause(run, reason, PAUSES_MS[kind] ?? WAIT_MS)
}

/** `afterMs`: what Meta, or a proxy before it, asks for. */
export const backOff = (run: Run, reason: string, most = BACKOFF_MS.length, afterMs?: number) =>
  again(run, reason, afterMs ?? spread(BACKOFF_MS[run.progress.tries] ?? 5 * MINUTE_MS, run), most)

function again({ sent, progress }: Run, reason: string, afterMs: number, most: number): Outcome {
  if (progress.tries >= most) return rejected({ sent }, reason)
  return { kind: 'retry', reason, afterMs, sent, progress: { ...progress, tries: progress.tries + 1 } }
}

/** Messages that failed together should not come back together. The same for the same attempt. */
function spread(ms: number, { message, progress }: Run): number {
  const share = createHash('sha256').update(`${message.id} ${progress.tries}`).digest().readUInt8(0) / 255
  return Math.round(ms * (0.8 + 0.4 * share))
}

const wait = ({ sent, progress }: Run, reason: string, afterMs: number): Outcome => ({
  kind: 'throttled',
  reason,
  afterMs,
  sent,
  progress
})

function slower(run: Run, reason: string): Outcome {
  const { slowed = 0 } = run.progress
  const afterMs = Math.min(MINUTE_MS, SECOND_MS * 2 ** slowed)
  return wait({ ...run, progress: { ...run.progress, slowed: slowed + 1 } }, reason, afterMs)
}

/** Every further message would only hear the same, so the whole number rests. */
function pause(run: Run, reason: string, afterMs: number): Outcome {
  const now = run.tools.now().getTime()
  const { since = now } = run.progress
  if (now - since >= GIVE_UP_MS) return rejected(run, reason)
  run.tools.log.error({ reason }, 'the account cannot send; an admin has to act')
  return { kind: 'throttled', reason, afterMs, sent: run.sent, progress: { ...run.progress, since } }
}

const saidOf = ({ headers }: Refused, { tools }: Run) => retryAfterMs(headers.get('retry-after'), tools.now())

const waitOf = (refused: Refused, run: Run): number =>
  saidOf(refused, run) ?? (regainOf(refused.headers) || (WAITS_MS.get(refused.error.code) ?? WAIT_MS))
