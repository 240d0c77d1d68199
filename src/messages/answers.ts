import type { ChatMessage } from 'channel-kit/chat'
import type { AnswerEvent } from 'channel-kit/event'
import { sql } from 'drizzle-orm'
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
  const rows = all.map(({ conversation: { id, registrationId, contact }, event: { ref, content } }) => ({
    registrationId,
    conversationId: id,
    answer: ref,
    body: { contact, subject: null, content, attachments: [] },
    dueAt: now
  }))
  const added = await insert(tx, rows)
  const known = added.length < rows.length ? await ofOthers(tx, rows) : []
  if (known.length > 0) added.push(...(await insert(tx, known)))
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

/** Those whose name is that of an answer in another conversation, by a name of their own: names are a conversation's. */
async function ofOthers(tx: Executor, rows: readonly Row[]): Promise<Row[]> {
  const given = rows.map(({ registrationId, conversationId, answer }, n) => ({
    n,
    registrationId,
    conversationId,
    answer
  }))
  const { rows: found } = await tx.execute<{ n: number }>(sql`
    select given.n from json_to_recordset(${JSON.stringify(given)}::json)
      as given(n int, "registrationId" bigint, "conversationId" bigint, answer text)
    join ${messages} m on m.registration_id = given."registrationId" and m.answer = given.answer
    where m.conversation_id <> given."conversationId"`)
  return found.flatMap(({ n }) => {
    const row = rows[n]
    return row ? [{ ...row, answer: `${row.answer} in ${row.conversationId}` }] : []
  })
}
