import { and, asc, desc, eq, gt, gte, inArray, isNull, lt, lte, max, type SQL, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { aliases, conversations } from '../postgres/schema/conversations.ts'
import { type MessageState, messageParts, messages } from '../postgres/schema/messages.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { waysOf } from '../protocol/contact.ts'
import type { KnownPart } from './parts.ts'
import { FAILED, REPLAYABLE } from './replay.ts'

/** Queries of messages for operators. */

export interface MessageFilter {
  ids?: readonly number[] | undefined
  state?: MessageState | undefined
  /** Failed, and not past their time. */
  replayable?: boolean | undefined
  registrationId?: number | undefined
  contact?: string | undefined
  /** Accepted since. */
  since?: Date | undefined
  /** Accepted before. */
  until?: Date | undefined
  /** Contact, id of the CRM, of the API client, or of the gateway; whole. */
  q?: string | undefined
  /** In the reason, in letters of either case. */
  reason?: string | undefined
  tag?: string | undefined
  /** The lane: bulk messages, or normal ones. */
  bulk?: boolean | undefined
  /** The channel of the registration. */
  channel?: string | undefined
  /** The group of a failure. */
  failure?: string | undefined
  /** Sent or failed since, and before. */
  settledSince?: Date | undefined
  settledUntil?: Date | undefined
}

/** The lanes by the names that clients know. */
export type MessageClass = 'bulk' | 'normal'

/** Messages as an API client names them; times are ISO 8601. */
export interface AskedMessages {
  q?: string | undefined
  reason?: string | undefined
  contact?: string | undefined
  tag?: string | undefined
  class?: MessageClass | undefined
  since?: string | undefined
  until?: string | undefined
  channel?: string | undefined
  failure?: string | undefined
  settledSince?: string | undefined
  settledUntil?: string | undefined
}

export const filterOf = ({
  class: lane,
  since,
  until,
  settledSince,
  settledUntil,
  ...asked
}: AskedMessages): MessageFilter => ({
  ...asked,
  bulk: lane === undefined ? undefined : lane === 'bulk',
  since: dateOf(since),
  until: dateOf(until),
  settledSince: dateOf(settledSince),
  settledUntil: dateOf(settledUntil)
})

const dateOf = (time: string | undefined) => (time === undefined ? undefined : new Date(time))

const COLUMNS = {
  id: messages.id,
  registrationId: messages.registrationId,
  contact: conversations.contact,
  crmId: messages.crmId,
  client: messages.client,
  clientId: messages.clientId,
  tag: messages.tag,
  class: sql<MessageClass>`case when ${messages.bulk} then 'bulk' else 'normal' end`,
  state: sql<MessageState>`case when ${FAILED} then 'failed' else ${messages.state} end`,
  status: messages.status,
  reason: messages.reason,
  code: messages.code,
  cost: messages.cost,
  attempts: messages.attempts,
  replays: messages.replays,
  ref: messages.ref,
  acceptedAt: messages.createdAt,
  /** The due time of a waiting message. */
  dueAt: sql`case when ${messages.state} = 'waiting' then ${messages.dueAt} end`.mapWith(
    messages.dueAt
  ) as SQL<Date | null>,
  notBefore: messages.notBefore,
  expiresAt: messages.expiresAt,
  settledAt: messages.settledAt
}

/** A part of a message that the gateway did not take whole. */
const PARTS = sql<readonly KnownPart[]>`(
  select coalesce(json_agg(json_build_object('part', p.part, 'ref', p.ref, 'status', p.status, 'code', p.code, 'cost', p.cost) order by p.part, p.ref), '[]')
  from ${messageParts} p where p.message_id = ${messages.id} and not p.dropped)`

export type Listed = Awaited<ReturnType<typeof listMessages>>[number]

/** The newest first; `after`: the id of the last one seen. */
export const listMessages = (
  { db }: { db: Executor },
  wanted: MessageFilter,
  { limit, after }: { limit: number; after?: number | undefined }
) =>
  db
    .select(COLUMNS)
    .from(messages)
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(and(...matching(wanted), after === undefined ? undefined : lt(messages.id, after)))
    .orderBy(desc(messages.id))
    .limit(limit)

/** The messages with an id, ours or the CRM's, which several registrations may have. */
export const findMessages = (
  { db }: { db: Executor },
  {
    id,
    crmId,
    registrationId
  }: { id?: number | undefined; crmId?: string | undefined; registrationId?: number | undefined }
) =>
  db
    .select({ ...COLUMNS, body: messages.body, chapters: messages.story, parts: PARTS })
    .from(messages)
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(
      and(
        id === undefined ? undefined : eq(messages.id, id),
        crmId === undefined ? undefined : eq(messages.crmId, crmId),
        registrationId === undefined ? undefined : eq(messages.registrationId, registrationId)
      )
    )
    .orderBy(asc(messages.id))

export type FoundMessage = Awaited<ReturnType<typeof findMessages>>[number]

export async function countMessages({ db }: { db: Executor }, wanted: MessageFilter): Promise<number> {
  const [row] = await db
    .select({ count: sql<number>`count(*)::int` })
    .from(messages)
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(and(...matching(wanted)))
  return row?.count ?? 0
}

/**
 * The ids of the present rows in batches, the oldest first, so that a conversation
 * keeps its order. A row that comes to be wanted again meanwhile is not met twice.
 */
export async function* idsOf(
  { db }: Pick<Database, 'db'>,
  wanted: MessageFilter,
  batch: number
): AsyncGenerator<number[]> {
  const newest = await newestId({ db })
  for (let last = 0; ; ) {
    const ids = await idsBetween({ db }, wanted, { after: last, until: newest, limit: batch })
    const end = ids.at(-1)
    if (end === undefined) return
    last = end
    yield ids
  }
}

/** 0: there is none. */
export async function newestId({ db }: { db: Executor }): Promise<number> {
  const [row] = await db.select({ id: max(messages.id) }).from(messages)
  return row?.id ?? 0
}

/** The first ids after one and up to another one, the oldest first. */
export async function idsBetween(
  { db }: { db: Executor },
  wanted: MessageFilter,
  { after, until, limit }: { after: number; until: number; limit: number }
): Promise<number[]> {
  const rows = await db
    .select({ id: messages.id })
    .from(messages)
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(and(...matching(wanted), gt(messages.id, after), lte(messages.id, until)))
    .orderBy(asc(messages.id))
    .limit(limit)
  return rows.map(({ id }) => id)
}

/** The conditions of messages that are joined with their conversations. */
export function matching(wanted: MessageFilter): (SQL | undefined)[] {
  const { ids, state, replayable = false, contact, q, reason, bulk } = wanted
  return [
    ids && sql`${messages.id} = any(${bigints(ids)})`,
    state && ofState(state),
    replayable ? REPLAYABLE : undefined,
    contact === undefined ? undefined : inArray(conversations.contact, waysOf(contact)),
    q === undefined ? undefined : named(q, wanted.registrationId),
    reason === undefined ? undefined : sql`position(lower(${reason}) in lower(${messages.reason})) > 0`,
    bulk === undefined ? undefined : eq(messages.bulk, bulk),
    ...ofTime(wanted),
    ...ofRegistrations(wanted)
  ]
}

const ofTime = ({ since, until, settledSince, settledUntil }: MessageFilter) => [
  since && and(gte(messages.createdAt, since), sql`${messages.id} >= ${idAt(new Date(since.getTime() - SLACK_MS))}`),
  until && and(lt(messages.createdAt, until), sql`${messages.id} < ${idAt(new Date(until.getTime() + SLACK_MS))}`),
  settledSince && gte(messages.settledAt, settledSince),
  settledUntil && lt(messages.settledAt, settledUntil)
]

/** Ids are in the order of the times but for transactions that were under way together, none of which takes as long. */
const SLACK_MS = 3_600_000

/**
 * The id from which on messages were accepted since then, found by halving: an index of the times would be written for each
 * message, and lists, which go by the id, would not be read by it.
 */
const idAt = (time: Date) => sql`(
  with recursive halves as (
    select coalesce(min(id), 0) low, coalesce(max(id), 0) + 1 high from ${messages}
    union all
    select case when found.is_before then found.id + 1 else h.low end,
      case when found.is_before then h.high else (h.low + h.high) / 2 end
    from halves h cross join lateral (
      select m.id, m.created_at < ${time.toISOString()}::timestamptz is_before from ${messages} m
      where m.id >= (h.low + h.high) / 2 order by m.id limit 1
    ) found
    where h.low < h.high
  ) select max(low) from halves)`

/** With the names that are looked up registration by registration. */
function ofRegistrations({ registrationId, channel, tag, failure }: MessageFilter): (SQL | undefined)[] {
  const any = registrationId === undefined && channel === undefined ? IN_ANY : undefined
  return [
    registrationId === undefined ? undefined : eq(messages.registrationId, registrationId),
    channel === undefined
      ? undefined
      : sql`${messages.registrationId} = any(array(select id from ${registrations} where channel = ${channel}))`,
    tag === undefined ? undefined : and(eq(messages.tag, tag), any),
    failure === undefined ? undefined : and(eq(messages.failure, failure), any)
  ]
}

/** True of every message, and lets indexes be used that begin with the registration. */
const IN_ANY = sql`${messages.registrationId} = any(array(select id from ${registrations}))`

/** A registration's clients: one look into the index for each, however many messages they have. */
const CLIENTS = sql`(
  with recursive of_client as (
    select min(m.client) client from ${messages} m where m.registration_id = r.id and m.client_id is not null
    union all
    select (
      select min(m.client) from ${messages} m
      where m.registration_id = r.id and m.client_id is not null and m.client > before.client)
    from of_client before where before.client is not null
  ) select client from of_client where client is not null)`

/**
 * A message by any of its names. Registration by registration, since every index
 * of a name begins with the registration: otherwise all messages would be read.
 */
const named = (q: string, registrationId: number | undefined) => sql`${messages.id} in (
  select found.id from ${registrations} r cross join lateral (
    select m.id from ${messages} m where m.registration_id = r.id and m.crm_id = ${q}
    union all select m.id from ${CLIENTS} c
      join ${messages} m on m.registration_id = r.id and m.client = c.client and m.client_id = ${q}
    union all select m.id from ${messages} m where m.registration_id = r.id and m.ref = ${q}
    union all select p.message_id from ${messageParts} p where p.registration_id = r.id and p.ref = ${q}
    union all select m.id from (
      select c.id from ${conversations} c where c.registration_id = r.id and c.contact in ${waysOf(q)}
      union select a.conversation_id from ${aliases} a where a.registration_id = r.id and a.contact in ${waysOf(q)}
    ) c join ${messages} m on m.conversation_id = c.id
  ) found
  where ${registrationId === undefined ? sql`true` : sql`r.id = ${registrationId}`})`

const ofState = (state: MessageState): SQL | undefined =>
  state === 'failed'
    ? FAILED
    : and(
        eq(messages.state, state),
        // For the index of what is not settled.
        state === 'accepted' ? sql`${FAILED} is not true` : isNull(messages.settledAt)
      )
