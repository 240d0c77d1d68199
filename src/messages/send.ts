import type { Channel } from 'channel-kit/channel'
import type { Outcome } from 'channel-kit/outcome'
import type { Tools } from 'channel-kit/tools'
import { plain, wordsOf } from '../database/text.ts'
import { neverSent } from '../outbound.ts'
import { outcomeOf } from './outcome.ts'
import { next, type Policy } from './policy.ts'
import type { Ended, Taken } from './sending.ts'

/** A registration's channel with its tools, or why it cannot be used now. */
type Ready =
  /** `repeats`: a message that may have left may be sent again. `sent`: a request may have reached the gateway. */
  { channel: Channel; tools: Tools; repeats: boolean; sent: () => boolean } | { unready: string }
export type MakeReady = (registrationId: number, signal: AbortSignal) => Promise<Ready>

interface Parts {
  ready: MakeReady
  policy: Policy & { timeoutMs: number }
  now: () => Date
}

/** One attempt to send a message. Never rejects: whatever goes wrong is an outcome. */
export const sender =
  ({ ready, policy, now }: Parts) =>
  async (taken: Taken): Promise<Ended> => {
    const started = now()
    const { outcome, repeats } = await attempt(taken, ready, policy.timeoutMs)
    const number = taken.message.attempts
    return {
      taken,
      next: next(outcome, number, repeats, policy, now()),
      told: chapter(outcome, number, started, now())
    }
  }

const chapter = (outcome: Outcome, number: number, started: Date, ended: Date): Ended['told'] => ({
  kind: 'attempt',
  at: started.toISOString(),
  number,
  outcome: outcome.kind,
  ...(outcome.kind === 'accepted' ? { ref: plain(outcome.ref) } : { reason: plain(outcome.reason) }),
  durationMs: ended.getTime() - started.getTime()
})

async function attempt(
  { message, conversation, interrupted, registrationId }: Taken,
  ready: MakeReady,
  timeoutMs: number
): Promise<{ outcome: Outcome; repeats: boolean }> {
  const deadline = AbortSignal.timeout(timeoutMs)
  const target = await ready(registrationId, deadline).catch((error: Error) => ({
    unready: `the host could not prepare it: ${wordsOf(error)}`
  }))
  const repeats = 'unready' in target || target.repeats
  if (interrupted) return { outcome: { kind: 'unknown', reason: 'a host was stopped while it was sending' }, repeats }
  if ('unready' in target) return { outcome: { kind: 'retry', reason: target.unready }, repeats }

  const { lastIncomingRef: ref, lastIncomingAt: at, lastIncomingContext: context } = conversation
  const outgoing = {
    ...message.body,
    id: String(message.id),
    attempt: message.attempts,
    conversation: { lastIncoming: ref && at ? { ref, at, context: context?.value ?? null } : null }
  }
  return { outcome: await call(target, () => target.channel.send(outgoing, target.tools), deadline), repeats }
}

/** A channel that hangs is left behind at its deadline, and one that throws harms only this message. */
function call(
  { tools, sent }: Exclude<Ready, { unready: string }>,
  send: () => Promise<Outcome>,
  deadline: AbortSignal
): Promise<Outcome> {
  const failed = (reason: string): Outcome => ({ kind: sent() ? 'unknown' : 'retry', reason })
  const late = new Promise<Outcome>(resolve => {
    deadline.addEventListener('abort', () => resolve(failed('the channel did not answer in time')), { once: true })
  })
  const answered = Promise.try(send)
    .then(outcomeOf)
    .catch((error: unknown): Outcome => {
      tools.log.error({ reason: wordsOf(error) }, 'the channel threw while sending')
      return neverSent(error) ? { kind: 'retry', reason: wordsOf(error) } : failed(wordsOf(error))
    })
  return Promise.race([answered, late])
}
