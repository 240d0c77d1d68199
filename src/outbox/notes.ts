import { randomUUID } from 'node:crypto'
import { and, asc, eq, inArray, isNotNull } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { type Body, messages, type TellCrm } from '../postgres/schema/messages.ts'
import { type Contact, type Conversation, findConversations, lockConversations } from '../queue/conversations.ts'
import { enqueueOutbox, type NewOutboxItem } from './enqueue.ts'

/** Notes to the CRM: lines that no customer wrote, such as what an API client has sent. The CRM takes them as incoming messages. */

interface Note {
  conversation: Pick<Conversation, 'id' | 'contact'>
  /** The same one twice is one note. */
  name: string
  /** The client, which the line names. */
  client: string
  body: Pick<Body, 'content' | 'attachments' | 'template'>
}

const noteItem = ({ conversation, name, client, body }: Note): Extract<NewOutboxItem, { kind: 'incoming' }> => ({
  kind: 'incoming',
  isNote: true,
  conversationId: conversation.id,
  ref: name,
  message: {
    contact: conversation.contact,
    subject: null,
    content: { text: `[${client}] ${wordsOfBody(body)}`.trim(), format: body.content?.format ?? 'text' }
  },
  attachments: body.attachments
})

function wordsOfBody({ content, template }: Note['body']): string {
  const values = Object.values(template?.parameters ?? [])
  const named = template && `/${template.name}${values.length > 0 ? ` (${values.join(', ')})` : ''}`
  return [named, content?.text].filter(text => text !== undefined).join('\n')
}

/** Adds a note by itself. Answers it as the CRM will have it; undefined where the contact has no conversation. */
export const addNote = (
  { db }: Pick<Database, 'db'>,
  contact: Contact,
  { client, text }: { client: string; text: string }
): Promise<{ contact: string; text: string } | undefined> =>
  db.transaction(async tx => {
    const found = await findConversations(tx, [contact])
    const locked = await lockConversations(tx, [...found.values()])
    const [conversation] = locked
    if (!conversation) return undefined
    const body = { content: { text, format: 'text' as const }, attachments: [] }
    const item = noteItem({ conversation, name: randomUUID(), client, body })
    await enqueueOutbox(tx, locked, [item])
    return { contact: conversation.contact, text: item.message.content?.text ?? '' }
  })

/** Messages of these conversations that the CRM is still to hear of, the oldest first. */
export async function untoldNotes(
  tx: Executor,
  locked: readonly Conversation[],
  ids: readonly number[],
  when: TellCrm
): Promise<NewOutboxItem[]> {
  if (ids.length === 0) return []
  const byId = new Map(locked.map(conversation => [conversation.id, conversation]))
  const rows = await tx
    .select({ id: messages.id, conversationId: messages.conversationId, client: messages.client, body: messages.body })
    .from(messages)
    .where(
      and(
        inArray(messages.conversationId, [...new Set(ids)]),
        isNotNull(messages.tellCrm),
        eq(messages.tellCrm, when),
        eq(messages.state, 'accepted')
      )
    )
    .orderBy(asc(messages.id))
    .limit(MAX_NOTES)
  if (rows.length === 0) return []
  const notes = rows.flatMap(({ id, conversationId, client, body }) => {
    const conversation = byId.get(conversationId)
    return conversation && client !== null ? [noteItem({ conversation, name: `message ${id}`, client, body })] : []
  })
  await tx
    .update(messages)
    .set({ tellCrm: null })
    .where(
      inArray(
        messages.id,
        rows.map(({ id }) => id)
      )
    )
  return notes
}

/** Notes of one transaction; a contact who is sent more before answering is told of in the next one. */
const MAX_NOTES = 500

/** Tells the CRM of messages as soon as their gateway has them. The caller has locked the conversations. */
export async function tellAtOnce(tx: Executor, locked: readonly Conversation[], ids: readonly number[]): Promise<void> {
  await enqueueOutbox(tx, locked, await untoldNotes(tx, locked, ids, 'always'))
}
