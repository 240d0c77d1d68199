import type { Channel } from 'channel-kit/channel'
import { neverSent } from 'channel-kit/network'
import { forAccount, isTooMuchWork } from 'channel-kit/offload'
import type { Outcome, Outgoing } from 'channel-kit/outcome'
import type { Tools } from 'channel-kit/tools'
import { within } from '../http-client/timeout.ts'
import { type Naming, outcomeBy } from '../inbound/phone-numbers.ts'
import { sentOf } from '../messages/parts.ts'
import { sanitize, wordsOf } from '../postgres/sanitize-text.ts'
import { GIVEN_UP, MOST_DEATHS } from '../queue/deaths.ts'
import type { AttemptResult, ClaimedMessage, ForNextAttempt } from './attempt.ts'
import { outcomeOf } from './read-outcome.ts'
import { type Decision, decide, type RetryPolicy } from './retry-policy.ts'

/** A registration's channel with its tools, or why it cannot be used now. */
type Ready =
  /** `repeats`: a message that may have left may be sent again. `sent`: a request may have reached the gateway. */
  { channel: Channel; tools: Tools; repeats: boolean; naming: Naming; sent: () => boolean } | { unready: string }
export type RuntimeOf = (registrationId: number, signal: AbortSignal) => Promise<Ready>

interface Deps {
  ready: RuntimeOf
  policy: RetryPolicy & { timeoutMs: number }
  now: () => Date
}

interface Attempted {
  outcome: Outcome
  repeats: boolean
  /** Nobody said whether the message left: the host itself waits for a status of it. */
  silent?: boolean
  /** Nothing was sent this time, since the message is confirmed, or is given up. */
  unsent?: 'confirmed' | 'unconfirmed'
}

/** One attempt to send a message. Never rejects: whatever goes wrong is an outcome. */
export const createSender =
  ({ ready, policy, now }: Deps) =>
  async (taken: ClaimedMessage): Promise<AttemptResult> => {
    const started = now()
    const attempted = await within(policy.timeoutMs, deadline =>
      forAccount(taken.registrationId, () => attempt(taken, ready, deadline))
    )
    const { outcome, repeats } = attempted
    const number = taken.message.attempts
    return {
      claimed: taken,
      decision: doubting(decide(outcome, number, repeats, policy, now()), attempted),
      storyEntry: chapter(attempted, number, started, now()),
      forNext: carriedBy(outcome)
    }
  }

const doubting = (next: Decision, { silent = false }: Attempted): Decision =>
  next.kind === 'again' && silent ? { ...next, doubt: 'host' } : next

const carriedBy = (outcome: Outcome): ForNextAttempt => ({
  ...(outcome.sent ? { sent: outcome.sent } : {}),
  ...('progress' in outcome ? { progress: outcome.progress } : {}),
  ...('parts' in outcome && outcome.parts !== undefined ? { parts: outcome.parts } : {})
})

function chapter(
  { outcome, unsent }: Attempted,
  number: number,
  started: Date,
  ended: Date
): AttemptResult['storyEntry'] {
  const at = started.toISOString()
  const said = outcome.kind === 'accepted' ? { ref: sanitize(outcome.ref) } : { reason: sanitize(outcome.reason) }
  if (unsent === 'confirmed') return { kind: unsent, at, ref: '', ...said }
  if (unsent === 'unconfirmed') return { kind: unsent, at, reason: '', ...said }
  const durationMs = ended.getTime() - started.getTime()
  return { kind: 'attempt', at, number, outcome: outcome.kind, ...said, durationMs }
}

async function attempt(taken: ClaimedMessage, ready: RuntimeOf, deadline: AbortSignal): Promise<Attempted> {
  const { message, parts, interrupted, registrationId } = taken
  const [first] = parts
  if (message.doubt === 'heard' && first)
    return { outcome: { kind: 'accepted', ref: first.ref, sent: sentOf(parts) }, repeats: false, unsent: 'confirmed' }

  if (message.deaths >= MOST_DEATHS)
    return { outcome: { kind: interrupted ? 'unknown' : 'rejected', reason: GIVEN_UP }, repeats: false }

  const target = await ready(registrationId, deadline).catch((error: Error) => ({
    unready: `the host could not prepare it: ${wordsOf(error)}`
  }))
  const repeats = 'unready' in target || target.repeats
  const doubted = message.doubt === 'host'
  if (doubted && !('unready' in target))
    return { outcome: { kind: 'unknown', reason: message.reason ?? UNHEARD }, repeats, unsent: 'unconfirmed' }
  if (interrupted && !doubted)
    return { ...awaited(target, { kind: 'unknown', reason: 'a host was stopped while it was sending' }), repeats }
  if ('unready' in target) return { outcome: { kind: 'retry', reason: target.unready }, repeats, silent: doubted }
  return { ...(await call(target, () => target.channel.send(outgoingOf(taken), target.tools), deadline)), repeats }
}

const UNHEARD = 'no status came'

/** Where statuses name our messages, one may still say that this one left. */
function awaited(target: Ready, outcome: Outcome): Pick<Attempted, 'outcome' | 'silent'> {
  const awaitMs = 'unready' in target ? undefined : target.channel.confirmsMs
  return awaitMs === undefined || outcome.kind !== 'unknown'
    ? { outcome }
    : { outcome: { ...outcome, awaitMs }, silent: true }
}

function outgoingOf({ message, parts, conversation }: ClaimedMessage): Outgoing {
  const { lastIncomingRef: ref, lastIncomingAt: at, lastIncomingContext: context, memory, address } = conversation
  const { answers, ...body } = message.body
  return {
    ...body,
    ...(answers ? { answers: { ...answers, at: new Date(answers.at) } } : {}),
    address: address ?? body.contact,
    id: String(message.id),
    attempt: message.attempts,
    sent: sentOf(parts),
    progress: message.progress?.value ?? null,
    ...(message.returned ? { returned: message.returned } : {}),
    conversation: {
      lastIncoming: ref && at ? { ref, at, context: context?.value ?? null } : null,
      memory: memory?.value ?? null
    }
  }
}

/** A channel that hangs is left behind at its deadline, and one that throws harms only this message. */
function call(
  target: Exclude<Ready, { unready: string }>,
  send: () => Promise<Outcome>,
  deadline: AbortSignal
): Promise<Pick<Attempted, 'outcome' | 'silent'>> {
  const { tools, naming, sent } = target
  const failed = (reason: string) => awaited(target, { kind: sent() ? 'unknown' : 'retry', reason })
  const late = new Promise<ReturnType<typeof failed>>(resolve => {
    deadline.addEventListener('abort', () => resolve(failed('the channel did not answer in time')), { once: true })
  })
  const answered = Promise.try(send)
    .then(answer => ({ outcome: outcomeBy(naming, outcomeOf(answer, tools.log)) }))
    .catch((error: unknown) => {
      tools.log.error({ event: 'channel.threw', reason: wordsOf(error) }, 'channel threw in send')
      if (isTooMuchWork(error) && !sent()) return { outcome: { kind: 'rejected' as const, reason: wordsOf(error) } }
      return neverSent(error) ? { outcome: { kind: 'retry' as const, reason: wordsOf(error) } } : failed(wordsOf(error))
    })
  return Promise.race([answered, late])
}
