import type { Channel } from 'channel-kit/channel'
import { neverSent } from 'channel-kit/network'
import type { Tools } from 'channel-kit/tools'
import type { Naming } from '../inbound/phone-numbers.ts'
import { wordsOf } from '../postgres/sanitize-text.ts'
import type { Result } from '../protocol/result.ts'
import type { LotVerb } from './contract.ts'

/**
 * Calls of a channel's verbs. A channel is another's code: it may throw, and
 * heed a deadline late or never. So each call is raced against its deadline
 * here; contract.ts reads the answers.
 */

/** A registration's channel with the tools of one call. */
export interface ReadyChannel {
  channel: Channel
  tools: Tools
  /** A message that may have left may be sent again. */
  retryUnknown: boolean
  naming: Naming
  /** True if a request of this call may have reached the gateway. */
  sent: () => boolean
}

/** The channel of a registration, or why it cannot be called now. */
export type RuntimeOf = (registrationId: number, signal: AbortSignal) => Promise<Result<ReadyChannel>>

const LATE = Symbol('late')

/**
 * The one race against a deadline. The listener comes first, so that a verb that ends by the same signal is late. After the
 * deadline no verb is called: the signal would never fire again, and a channel that ignores it would be waited for for ever.
 */
async function race<Answer>(deadline: AbortSignal, verb: () => Promise<Answer>): Promise<Answer | typeof LATE> {
  if (deadline.aborted) return LATE
  const late = new Promise<typeof LATE>(resolve =>
    deadline.addEventListener('abort', () => resolve(LATE), { once: true })
  )
  return Promise.race([Promise.try(verb), late])
}

const TOO_LATE = 'the channel did not answer in time'

/** Resolves or rejects as the verb does; rejects at the deadline if that comes first. */
export async function beforeDeadline<Answer>(deadline: AbortSignal, verb: () => Promise<Answer>): Promise<Answer> {
  const answer = await race(deadline, verb)
  if (answer === LATE) throw new Error(TOO_LATE)
  return answer
}

/** `retry`: surely no request reached the gateway. `unknown`: one may have. */
interface NoAnswer {
  kind: 'retry' | 'unknown'
  reason: string
}

type Called<Answer> =
  | { kind: 'answered'; answer: Answer }
  /** `outcome`: what that means for what was to be sent. `error`: what the channel threw. */
  | { kind: 'unanswered'; outcome: NoAnswer; error?: unknown }

/** Calls a verb that sends something. Never rejects: a throw and a missed deadline are outcomes. */
export async function callChannel<Answer>(
  verb: 'send' | `lots.${LotVerb}`,
  { tools, sent }: Pick<ReadyChannel, 'tools' | 'sent'>,
  call: () => Promise<Answer>,
  deadline: AbortSignal
): Promise<Called<Answer>> {
  const unanswered = (reason: string, error?: unknown): Called<Answer> => ({
    kind: 'unanswered',
    outcome: { kind: sent() && !neverSent(error) ? 'unknown' : 'retry', reason },
    error
  })
  const settled = async (): Promise<Called<Answer>> => {
    try {
      return { kind: 'answered', answer: await call() }
    } catch (error) {
      tools.log.error({ event: 'channel.threw', reason: wordsOf(error) }, `channel threw in ${verb}`)
      return unanswered(wordsOf(error), error)
    }
  }
  const called = await race(deadline, settled)
  return called === LATE ? unanswered(TOO_LATE) : called
}
