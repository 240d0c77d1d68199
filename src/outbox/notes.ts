import { randomUUID } from 'node:crypto'
import type { Content } from 'channel-kit/chat'
import { and, asc, eq, inArray, isNotNull, sql } from 'drizzle-orm'
import { type Contact, findConversations } from '../contacts/contact-conversations.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { type Body, messages } from '../postgres/schema/messages.ts'
import { textsOf } from '../protocol/cut-text.ts'
import { lockConversations } from '../queue/locks.ts'
import { enqueueOutbox, knownItems, type NewOutboxItem } from './enqueue.ts'

/** Notes to the CRM: lines that no customer wrote, such as what an API client has sent. The CRM takes them as incoming messages. */

interface Note {
  conversation: Pick<Conversation, 'id' | 'contact'>
  /** The same one twice is one note. */
  name: string
  content: Content
  attachments: Body['attachments']
}

/** Outbox items of a note: one, unless its text is longer than a message may be. */
const noteItems = ({ conversation, name, content, attachments }: Note): NewOutboxItem[] =>
  textsOf(content).map((content, index) => ({
    kind: 'incoming',
    isNote: true,
    conversationId: conversation.id,
    ref: index === 0 ? name : `${name} +${index}`,
    message: { contact: conversation.contact, subject: null, content },
    attachments: index === 0 ? attachments : []
  }))

function contentOfNote(client: string, { content, template }: Pick<Body, 'content' | 'template'>): Content {
  const format = content?.format ?? 'text'
  const values = Object.values(template?.parameters ?? [])
  const named = template && `/${template.name}${values.length > 0 ? ` (${values.join(', ')})` : ''}`
  const own = [`[${client}]`, named].filter(text => text !== undefined).join(' ')
  const text = [format === 'html' ? asHtml(own) : own, content?.text].filter(text => text !== undefined)
  return { text: text.join(template ? '\n' : ' '), format }
}

const asHtml = (text: string) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

/** Items of a line of the host's own. */
export const hostNote = (conversation: Note['conversation'], name: string, text: string): NewOutboxItem[] =>
  noteItems({ conversation, name, content: { text: `[${text}]`, format: 'text' }, attachments: [] })

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
    const content = contentOfNote(client, { content: { text, format: 'text' } })
    await enqueueOutbox(tx, locked, noteItems({ conversation, name: randomUUID(), content, attachments: [] }))
    return { contact: conversation.contact, text: content.text }
  })

/** Messages that the CRM is still to hear of. Where a gateway took one and failed, the CRM would read what nobody got. */
const UNTOLD = and(
  isNotNull(messages.tellCrm),
  eq(messages.state, 'accepted'),
  sql`${messages.status} is distinct from 'error'`
)

const untold = (tx: Executor, which: ReturnType<typeof and>) =>
  tx
    .select({ id: messages.id, conversationId: messages.conversationId, client: messages.client, body: messages.body })
    .from(messages)
    .where(and(UNTOLD, which))
    .orderBy(asc(messages.id))

/** Notes of messages, the oldest first; from here on the CRM knows of them. */
async function noted(
  tx: Executor,
  locked: readonly Conversation[],
  rows: Awaited<ReturnType<typeof untold>>
): Promise<NewOutboxItem[]> {
  if (rows.length === 0) return []
  const byId = new Map(locked.map(conversation => [conversation.id, conversation]))
  await tx
    .update(messages)
    .set({ tellCrm: null })
    .where(
      inArray(
        messages.id,
        rows.map(({ id }) => id)
      )
    )
  return rows.flatMap(({ id, conversationId, client, body }) => {
    const conversation = byId.get(conversationId)
    if (!conversation || client === null) return []
    const content = contentOfNote(client, body)
    return noteItems({ conversation, name: `message ${id}`, content, attachments: body.attachments })
  })
}

/** Notes of what these incoming messages answer: only new ones do, since gateways repeat themselves. The caller has locked the conversations. */
export async function answeredNotes(
  tx: Executor,
  locked: readonly Conversation[],
  incoming: readonly NewOutboxItem[]
): Promise<NewOutboxItem[]> {
  if (incoming.length === 0) return []
  const ids = [...new Set(incoming.map(({ conversationId }) => conversationId))]
  const rows = await untold(tx, and(inArray(messages.conversationId, ids), eq(messages.tellCrm, 'whenAnswered')))
  if (rows.length === 0) return []
  const known = await knownItems(tx, locked, incoming)
  const answered = new Set(incoming.filter(item => !known.has(item)).map(({ conversationId }) => conversationId))
  return noted(
    tx,
    locked,
    rows.filter(({ conversationId }) => answered.has(conversationId))
  )
}

/** Tells the CRM of messages as soon as their gateway has them. The caller has locked the conversations. */
export async function tellAtOnce(tx: Executor, locked: readonly Conversation[], ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  const rows = await untold(tx, and(inArray(messages.id, [...ids]), eq(messages.tellCrm, 'always')))
  await enqueueOutbox(tx, locked, await noted(tx, locked, rows))
}
