import { readOutcome } from 'channel-kit/answer'
import type { Outcome } from 'channel-kit/outcome'
import type { Log } from 'channel-kit/tools'

/** A channel is another's code: what it answers is checked, and what is no outcome tells nothing about the message. */
export function outcomeOf(answer: unknown, log: Pick<Log, 'error'>): Outcome {
  const read = readOutcome(answer)
  if ('value' in read) return read.value
  log.error({ event: 'channel.invalid_answer', verb: 'send', wrong: read.wrong }, 'channel answered no valid outcome')
  return { kind: 'unknown', reason: `the channel answered what is no outcome: send: ${read.wrong}` }
}
