import type { Attachment, ChatMessage, Status } from 'channel-kit/chat'
import type { Media } from 'channel-kit/event'
import { and, inArray, isNull, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { namedElsewhere, nameIn } from '../postgres/names-in-sql.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { outbox } from '../postgres/schema/outbox.ts'
import { incomingBody, statusBody } from '../protocol/special-request.ts'
import { NEVER_DUE } from '../queue/claims.ts'
import { addJob } from '../queue/jobs.ts'
import { wake } from '../queue/locks.ts'
import { incomingKey, noteKey, statusKey } from './key.ts'

/** An outbox item to be added: a status or an incoming message. */
export type NewOutboxItem = {
  conversationId: number
} /** `replays`: replays of the message by an operator. */ & (
  | { kind: 'status'; crmId: string; status: Status; replays: number }
  /** `ref`: the gateway's id of the message. Files among the attachments are fetched before the CRM is told. */
  | {
      kind: 'incoming'
      ref: string
      /** A line of nobody at the gateway: `ref` is a name of the host's own. */
      isNote?: true
      message: Omit<ChatMessage, 'attachments'>
      attachments: readonly (Attachment | Media)[]
    }
  /** A message that the CRM is not told of: settled from the start, and kept as long as others, so that a repeat is known. */
  | { kind: 'hidden'; ref: string }
)

/**
 * Adds outbox items in this order, each key once; the caller has locked the
 * conversations. Returns the new ones.
 */
export async function enqueueOutbox(
  tx: Executor,
  locked: readonly Conversation[],
  news: readonly NewOutboxItem[]
): Promise<NewOutboxItem[]> {
  if (news.length === 0) return []
  const byId = new Map(locked.map(conversation => [conversation.id, conversation]))
  const rows = news.map((one): Inserted => {
    const conversation = byId.get(one.conversationId)
    if (!conversation) throw new Error('The conversation of an item was not locked')
    return {
      registrationId: conversation.registrationId,
      conversationId: one.conversationId,
      kind: one.kind,
      ...itemOf(one),
      ...stateOf(one)
    }
  })
  const added = await insert(tx, rows)
  const named = added.length < rows.length ? rows.filter(isNamedByGateway) : []
  const known = await namedElsewhere(tx, named, {
    table: outbox,
    column: outbox.dedupe,
    nameOf: ({ dedupe }) => dedupe
  })
  // The key as recall.ts looks for it.
  for (const row of known) row.dedupe = nameIn(row.dedupe, row)
  if (known.length > 0) added.push(...(await insert(tx, known)))
  const open = added.filter(({ settledAt }) => settledAt === null)
  if (open.length > 0) await offer(tx, open)
  const fresh = new Set(added.map(({ conversationId, dedupe }) => `${conversationId} ${dedupe}`))
  // A gateway may name the same message twice in a call: only the first of both is new.
  return news.filter((_, index) => fresh.delete(`${rows[index]?.conversationId} ${rows[index]?.dedupe}`))
}

/** Has the files of new items fetched, and finds a host that tells the CRM of the others. */
async function offer(tx: Executor, added: Awaited<ReturnType<typeof insert>>): Promise<void> {
  const held = added.filter(({ dueAt }) => dueAt >= NEVER_DUE)
  for (const { id } of held) {
    await addJob(tx, 'media', { item: id }, { key: `media ${id}` })
    await addJob(tx, 'late', { item: id }, { key: `late ${id}` })
  }
  // The first new item of each conversation, behind which the others wait.
  const heads = new Map(added.toReversed().map(one => [one.conversationId, one.dueAt]))
  for (const [dueAt, ids] of Map.groupBy(heads.keys(), id => heads.get(id)?.getTime()))
    await tx
      .update(conversations)
      .set({ tellingDue: new Date(dueAt ?? 0) })
      .where(and(inArray(conversations.id, ids), isNull(conversations.tellingDue)))
  await wake(
    tx,
    'tell',
    added.map(({ registrationId }) => registrationId)
  )
}

/** Items of these that are there already, under their key or under that of their conversation. */
export async function knownItems(
  tx: Executor,
  locked: readonly Conversation[],
  items: readonly NewOutboxItem[]
): Promise<ReadonlySet<NewOutboxItem>> {
  const registrationOf = new Map(locked.map(({ id, registrationId }) => [id, registrationId]))
  const rows = items.map(item => {
    const registrationId = registrationOf.get(item.conversationId) ?? -1
    const dedupe = dedupeOf(item)
    return { item, dedupe, named: nameIn(dedupe, { ...item, registrationId }) }
  })
  const found = await tx
    .select({ registrationId: outbox.registrationId, conversationId: outbox.conversationId, dedupe: outbox.dedupe })
    .from(outbox)
    .where(
      and(
        inArray(outbox.registrationId, [...new Set(registrationOf.values())]),
        inArray(outbox.dedupe, [...new Set(rows.flatMap(({ dedupe, named }) => [dedupe, named]))])
      )
    )
  const there = new Set(found.map(({ conversationId, dedupe }) => `${conversationId} ${dedupe}`))
  const isThere = (name: string, { conversationId }: NewOutboxItem) => there.has(`${conversationId} ${name}`)
  return new Set(
    rows.filter(({ item, dedupe, named }) => isThere(dedupe, item) || isThere(named, item)).map(({ item }) => item)
  )
}

type Inserted = Omit<typeof outbox.$inferInsert, 'settledAt'> & { settledAt?: SQL }

const insert = (tx: Executor, rows: readonly Inserted[]) =>
  tx
    .insert(outbox)
    .values([...rows])
    .onConflictDoNothing()
    .returning({
      id: outbox.id,
      registrationId: outbox.registrationId,
      conversationId: outbox.conversationId,
      dedupe: outbox.dedupe,
      dueAt: outbox.dueAt,
      settledAt: outbox.settledAt
    })

const isNamedByGateway = ({ kind }: Inserted) => kind !== 'status'

/** Body and key of an item as they are stored. */
export const itemOf = (news: NewOutboxItem) => ({ body: bodyOf(news), dedupe: dedupeOf(news) })

function bodyOf(news: NewOutboxItem) {
  if (news.kind === 'hidden') return {}
  if (news.kind === 'status') return statusBody(news.crmId, news.status)
  return incomingBody({ ...news.message, attachments: news.attachments.filter(isReady) })
}

export const isReady = (one: Attachment | Media): one is Attachment => !('media' in one)

function stateOf(news: NewOutboxItem) {
  if (news.kind === 'hidden') return { state: 'delivered' as const, settledAt: sql`now()` }
  if (news.kind === 'incoming' && !news.attachments.every(isReady))
    return { dueAt: NEVER_DUE, media: { attachments: news.attachments, tries: 0 } }
  return {}
}

function dedupeOf(news: NewOutboxItem): string {
  if (news.kind === 'status') return statusKey(news.status, news.crmId, news.replays)
  return news.kind === 'incoming' && news.isNote ? noteKey(news.ref) : incomingKey(news.ref)
}
