import type { Channel, Outcome, Outgoing, Tools } from 'channel-kit/channel'
import type { Database } from '../database/connect.ts'
import { findConversation } from '../database/conversations.ts'
import { addJob, type Jobs } from '../database/jobs.ts'
import { neverSent } from '../outbound.ts'
import { next, type Policy } from './policy.ts'
import {
  fallAsleep,
  type Message,
  markSending,
  oldest,
  pause,
  pausedUntil,
  postpone,
  settleAccepted,
  settleFailed
} from './queue.ts'

/** A registration's channel with its tools, or why it cannot be used now. */
export type Ready = { channel: Channel; tools: Tools; sent: () => boolean } | { unready: string }

interface Parts {
  database: Database
  ready: (registrationId: number, signal: AbortSignal) => Promise<Ready>
  policy: Policy & { timeoutMs: number }
  now: () => Date
}

/** Sends a conversation's messages, oldest first, until one has to wait. */
export function sender(parts: Parts) {
  const { database } = parts
  return async ({ conversation }: Jobs['send']): Promise<void> => {
    for (;;) {
      const message = await oldest(database.db, conversation)
      const wait = message && (await attempt(parts, message))
      if (wait) return addJob(database.db, 'send', { conversation }, { at: wait })
      if (!message && (await fallAsleep(database, conversation))) return
    }
  }
}

/** The time to come back, if the message has to wait. */
async function attempt(parts: Parts, message: Message): Promise<Date | undefined> {
  const { database, policy, now } = parts
  if (message.state === 'waiting' && message.dueAt > now()) return message.dueAt
  const paused = await pausedUntil(database.db, message.registrationId, now())
  if (paused) return paused

  const { outcome, dedupes } = await outcomeOf(parts, message)
  const number = message.state === 'sending' ? message.attempts : message.attempts + 1
  const then = next(outcome, number, dedupes, policy, now())
  switch (then.kind) {
    case 'accepted':
      await settleAccepted(database, message, then.outcome, now())
      return undefined
    case 'failed':
      await settleFailed(database, message, then.reason, now())
      return undefined
    case 'again':
      await postpone(database.db, message, then.at, then.reason)
      return then.at
    case 'paused':
      await pause(database, message, then.until, then.reason)
      return then.until
  }
}

async function outcomeOf(
  { database, ready, policy }: Parts,
  message: Message
): Promise<{ outcome: Outcome; dedupes: boolean }> {
  const deadline = AbortSignal.timeout(policy.timeoutMs)
  const target = await ready(message.registrationId, deadline)
  const dedupes = 'unready' in target || target.channel.dedupes
  if (message.state === 'sending')
    return { outcome: { kind: 'unknown', reason: 'the host was stopped while it was sending' }, dedupes }

  await markSending(database.db, message.id)
  if ('unready' in target) return { outcome: { kind: 'retry', reason: target.unready }, dedupes }
  return { outcome: await call(target, await outgoingOf(database, message), deadline), dedupes }
}

async function outgoingOf({ db }: Pick<Database, 'db'>, message: Message): Promise<Outgoing> {
  const {
    lastIncomingRef: ref,
    lastIncomingAt: at,
    lastIncomingContext: context
  } = (await findConversation(db, message.conversationId)) ?? {}
  return {
    ...message.body,
    id: String(message.id),
    attempt: message.attempts + 1,
    conversation: { lastIncoming: ref && at ? { ref, at, context } : null }
  }
}

/** A channel that hangs is left behind at its deadline, and one that throws harms only this message. */
async function call(
  { channel, tools, sent }: Exclude<Ready, { unready: string }>,
  outgoing: Outgoing,
  deadline: AbortSignal
): Promise<Outcome> {
  const failed = (reason: string): Outcome => ({ kind: sent() ? 'unknown' : 'retry', reason })
  const late = new Promise<Outcome>(resolve => {
    deadline.addEventListener('abort', () => resolve(failed('the channel did not answer in time')), { once: true })
  })
  const answered = Promise.try(() => channel.send(outgoing, tools)).catch((error: Error) => {
    tools.log.error({ err: error }, 'the channel threw while sending')
    return neverSent(error) ? ({ kind: 'retry', reason: error.message } as const) : failed(error.message)
  })
  return Promise.race([answered, late])
}
