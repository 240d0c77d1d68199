import type { Status } from 'channel-kit/chat'
import { asc, sql } from 'drizzle-orm'
import { type CrmNews, tellCrm } from '../crm/news.ts'
import type { Executor } from '../database/connect.ts'
import { type Conversation, conversationsOf, keyOf, lockConversations } from '../database/conversations.ts'
import { conversations, messages } from '../database/schema.ts'
import { plain } from '../database/text.ts'
import { keepEarly, type Reported } from './early.ts'
import { advances } from './rank.ts'
import type { Chapter } from './story.ts'

interface Known {
  id: number
  registrationId: number
  conversationId: number
  ref: string | null
  crmId: string | null
  replays: number
  status: Status | null
  reason: string | null
  chapters: Chapter[]
}

/**
 * Stores what gateways reported, in the order reported, and what the CRM has to
 * hear of it. Runs in the caller's transaction, so that a gateway is answered
 * only for what is kept. A few statements, however many events.
 */
export async function storeEvents(tx: Executor, given: readonly Reported[], now: Date): Promise<void> {
  if (given.length === 0) return
  const all = given.map(plainly)
  const contacts = all.flatMap(({ registrationId, event }) =>
    event.kind === 'message' ? [{ registrationId, contact: event.contact }] : []
  )
  const ids = [
    ...(await conversationsOf(tx, contacts)),
    ...(await messagesOf(tx, all)).map(message => message.conversationId)
  ]
  const locked = await lockConversations(tx, ids)
  // Only now, when nobody else can change them, are the statuses read. A message whose send returned meanwhile is not
  // locked: to us it is still one that we do not know.
  const lockedIds = new Set(locked.map(({ id }) => id))
  const known = new Map(
    (await messagesOf(tx, all))
      .filter(({ conversationId }) => lockedIds.has(conversationId))
      .map(message => [`${message.registrationId} ${message.ref}`, message])
  )
  const byContact = new Map(locked.map(conversation => [keyOf(conversation), conversation]))

  const changed = new Set<Known>()
  const news = all.flatMap(reported => newsOf(reported, known, byContact, changed, now))
  const told = await tellCrm(tx, locked, news)
  await writeStatuses(tx, [...changed])
  await keepEarly(
    tx,
    all.flatMap(({ registrationId, event }) =>
      event.kind === 'status' && !known.has(`${registrationId} ${event.ref}`) ? [{ registrationId, ...event }] : []
    )
  )
  await writeLastIncoming(tx, all, byContact, told, now)
}

const plainly = ({ registrationId, event }: Reported): Reported => ({
  registrationId,
  event:
    event.kind === 'status'
      ? { ...event, ref: plain(event.ref), ...(event.reason ? { reason: plain(event.reason) } : {}) }
      : { ...event, ref: plain(event.ref), contact: plain(event.contact) }
})

/** The messages that status events are about; where a gateway gave two the same id, the later one. */
async function messagesOf(tx: Executor, all: readonly Reported[]): Promise<Known[]> {
  const refs = all.flatMap(({ registrationId, event }) =>
    event.kind === 'status' ? [{ registrationId, ref: event.ref }] : []
  )
  if (refs.length === 0) return []
  const rows = await tx
    .select({
      id: messages.id,
      registrationId: messages.registrationId,
      conversationId: messages.conversationId,
      ref: messages.ref,
      crmId: messages.crmId,
      replays: messages.replays,
      status: messages.status,
      reason: messages.reason
    })
    .from(messages)
    .where(
      sql`(${messages.registrationId}, ${messages.ref}) in (
        select "registrationId", ref from json_to_recordset(${JSON.stringify(refs)}::json) as given("registrationId" bigint, ref text))`
    )
    .orderBy(asc(messages.id))
  return rows.map(row => ({ ...row, chapters: [] }))
}

/** What the CRM has to hear of an event, noting on the message what the event changes. */
function newsOf(
  { registrationId, event }: Reported,
  known: ReadonlyMap<string, Known>,
  byContact: ReadonlyMap<string, Conversation>,
  changed: Set<Known>,
  now: Date
): CrmNews[] {
  if (event.kind === 'message') {
    const conversation = byContact.get(keyOf({ registrationId, contact: event.contact }))
    if (!conversation) throw new Error('A conversation that was locked is not there')
    const { contact, subject, content, attachments } = event
    return [
      {
        kind: 'incoming',
        conversationId: conversation.id,
        ref: event.ref,
        message: { contact, subject, content, attachments }
      }
    ]
  }
  const message = known.get(`${registrationId} ${event.ref}`)
  if (!message || !advances(message.status, event.status)) return []
  message.status = event.status
  message.reason = event.reason ?? message.reason
  message.chapters.push({
    kind: 'status',
    at: now.toISOString(),
    status: event.status,
    ...(event.reason === undefined ? {} : { reason: event.reason })
  })
  changed.add(message)
  return message.crmId === null
    ? []
    : [
        {
          kind: 'status',
          conversationId: message.conversationId,
          crmId: message.crmId,
          status: event.status,
          replays: message.replays
        }
      ]
}

async function writeStatuses(tx: Executor, changed: readonly Known[]): Promise<void> {
  if (changed.length === 0) return
  const rows = JSON.stringify(
    changed.map(({ id, status, reason, chapters }) => ({ id, status, reason, story: chapters }))
  )
  await tx.execute(sql`
    update ${messages} m set status = given.status, reason = given.reason, story = m.story || given.story
    from json_to_recordset(${rows}::json) as given(id bigint, status text, reason text, story jsonb)
    where m.id = given.id`)
}

/** What a later send in the conversation may need to know of the newest message, unless it was known before. */
async function writeLastIncoming(
  tx: Executor,
  all: readonly Reported[],
  byContact: ReadonlyMap<string, Conversation>,
  told: readonly CrmNews[],
  now: Date
): Promise<void> {
  const fresh = new Set(told.flatMap(news => (news.kind === 'incoming' ? [`${news.conversationId} ${news.ref}`] : [])))
  const newest = new Map<number, { id: number; ref: string; at: Date; context: string }>()
  for (const { registrationId, event } of all) {
    if (event.kind !== 'message') continue
    const conversation = byContact.get(keyOf({ registrationId, contact: event.contact }))
    if (!conversation || !fresh.has(`${conversation.id} ${event.ref}`)) continue
    const at = pastOf(event.at, now)
    const before = newest.get(conversation.id)?.at ?? conversation.lastIncomingAt
    if (!before || at >= before)
      newest.set(conversation.id, {
        id: conversation.id,
        ref: event.ref,
        at,
        // As a text of its own: taken apart by the database, it could not hold NUL.
        context: JSON.stringify({ value: event.context ?? null })
      })
  }
  if (newest.size === 0) return
  await tx.execute(sql`
    update ${conversations} c set last_incoming_ref = given.ref, last_incoming_at = given.at, last_incoming_context = given.context::json
    from json_to_recordset(${JSON.stringify([...newest.values()])}::json) as given(id bigint, ref text, at timestamptz, context text)
    where c.id = given.id`)
}

/** When a gateway says that it got a message. What is no time, or one to come, is a mistake: it got it by now. */
function pastOf(at: Date | undefined, now: Date): Date {
  const time = new Date(at ?? now)
  return time <= now && time.getTime() > 0 ? time : now
}
