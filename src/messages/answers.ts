import type { ChatMessage } from 'channel-kit/chat'
import type { AnswerEvent } from 'channel-kit/event'
import type { Executor } from '../database/connect.ts'
import type { Conversation } from '../database/conversations.ts'
import { namedElsewhere, nameIn } from '../database/elsewhere.ts'
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
  const rows = all.map(({ conversation: { id, registrationId, contact }, event: { ref, content } }) => ({
    registrationId,
    conversationId: id,
    answer: ref,
    body: { contact, subject: null, content, attachments: [] },
    dueAt: now
  }))
  const added = await insert(tx, rows)
  const refused = added.length < rows.length ? rows : []
  const known = await namedElsewhere(tx, refused, {
    table: messages,
    column: messages.answer,
    nameOf: ({ answer }) => answer
  })
  if (known.length > 0)
    added.push(
      ...(await insert(
        tx,
        known.map(row => ({ ...row, answer: nameIn(row.answer, row) }))
      ))
    )
  await queue(tx, locked, added, now)
}

interface Row {
  registrationId: number
  conversationId: number
  answer: string
  body: ChatMessage
  dueAt: Date
}

const insert = (tx: Executor, rows: readonly Row[]) =>
  tx
    .insert(messages)
    .values([...rows])
    .onConflictDoNothing()
    .returning({ registrationId: messages.registrationId, conversationId: messages.conversationId })
