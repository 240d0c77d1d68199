import type { AnswerEvent } from 'channel-kit/event'
import type { Executor } from '../database/connect.ts'
import type { Conversation } from '../database/conversations.ts'
import { messages } from '../database/schema.ts'
import { queue } from './queue.ts'

interface Answer {
  conversation: Conversation
  event: AnswerEvent
}

/** Messages of the channels' own, which go the way of all messages. One that was queued before changes nothing. */
export async function queueAnswers(
  tx: Executor,
  locked: readonly Conversation[],
  all: readonly Answer[],
  now: Date
): Promise<void> {
  if (all.length === 0) return
  const added = await tx
    .insert(messages)
    .values(
      all.map(({ conversation: { id, registrationId, contact }, event: { ref, content } }) => ({
        registrationId,
        conversationId: id,
        answer: ref,
        body: { contact, subject: null, content, attachments: [] },
        dueAt: now
      }))
    )
    .onConflictDoNothing()
    .returning({ registrationId: messages.registrationId, conversationId: messages.conversationId })
  await queue(tx, locked, added, now)
}
