import { eventFacts } from '../events/event-facts.ts'
import type { FedEvent } from '../events/feed.ts'
import type { Outbound } from '../http-client/address-policy.ts'
import { within } from '../http-client/timeout.ts'
import { wordsOf } from '../postgres/sanitize-text.ts'
import { plainProblem } from './receiver-address.ts'
import { signatureHeaders } from './signature.ts'

/** An attempt to push an event. No redirect is followed, and of the answer nothing is kept but its status. */

export type PushAnswer =
  | { kind: 'delivered'; status: number }
  /** The receiver wants no more events, ever. */
  | { kind: 'gone'; status: number }
  /** `status`: null where there was no answer. `retryAfterMs`: the receiver asked for so long a pause. */
  | { kind: 'failed'; status: number | null; reason: string; retryAfterMs: number | null }
  /** The host is stopping: nobody knows whether it arrived. */
  | { kind: 'interrupted' }

export const PUSH_TIMEOUT_MS = 15_000
/** An answer is not used beyond its head: a longer one is not waited for. */
const MAX_ANSWER_BYTES = 16 * 1024
/** The longest pause that a receiver may ask for. */
const MAX_RETRY_AFTER_MS = 3_600_000
const MAX_REASON_LENGTH = 200
const [TOO_MANY, UNAVAILABLE, GONE] = [429, 503, 410]

interface Receiver {
  /** The webhook's. */
  id: number
  url: string
  /** Opened; each of them signs. */
  secrets: readonly string[]
}

export interface AttemptDeps {
  outbound: Pick<Outbound, 'call' | 'hostProblem'>
  userAgent: string
  now: () => Date
  timeoutMs?: number
}

export const createAttempt =
  ({ outbound, userAgent, now, timeoutMs = PUSH_TIMEOUT_MS }: AttemptDeps) =>
  async (receiver: Receiver, event: FedEvent, interrupted: AbortSignal): Promise<PushAnswer> => {
    const url = new URL(receiver.url)
    const at = now()
    const body = payloadOf(event)
    const headers = {
      'user-agent': userAgent,
      'content-type': 'application/json',
      accept: '*/*',
      'accept-encoding': 'identity',
      ...signatureHeaders({ id: `evt_${receiver.id}_${event.position}`, at, body }, receiver.secrets)
    }
    try {
      const problem = await plainProblem(url, outbound)
      if (problem !== undefined) return failed(null, `not called: ${problem}`)
      const { status, headers: answered } = await within(timeoutMs, signal =>
        outbound.call({ url, method: 'POST', headers, body, signals: [signal, interrupted] }, MAX_ANSWER_BYTES)
      )
      return answerOf(status, answered['retry-after'], at)
    } catch (error) {
      if (interrupted.aborted) return { kind: 'interrupted' }
      return failed(null, wordsOf(error).slice(0, MAX_REASON_LENGTH) || 'it could not be called')
    }
  }

function answerOf(status: number, retryAfter: string | string[] | undefined, at: Date): PushAnswer {
  if (status >= 200 && status < 300) return { kind: 'delivered', status }
  if (status === GONE) return { kind: 'gone', status }
  const reason = `it answered ${status}${status < 400 ? ', and redirects are not followed' : ''}`
  const waits = status === TOO_MANY || status === UNAVAILABLE
  return failed(status, reason, waits ? retryAfterOf(retryAfter, at) : null)
}

const failed = (status: number | null, reason: string, retryAfterMs: number | null = null): PushAnswer => ({
  kind: 'failed',
  status,
  reason,
  retryAfterMs
})

/** Type and time at the top, as the standard recommends; the event as the feed gives it below. */
function payloadOf(event: FedEvent): string {
  const data = eventFacts(event)
  return JSON.stringify({ type: data.type, timestamp: data.at, data })
}

/** Seconds, or a date. */
function retryAfterOf(header: string | string[] | undefined, at: Date): number | null {
  const text = [header].flat()[0]?.trim() ?? ''
  const ms = /^\d{1,9}$/.test(text) ? Number(text) * 1_000 : Date.parse(text) - at.getTime()
  return ms > 0 ? Math.min(ms, MAX_RETRY_AFTER_MS) : null
}
