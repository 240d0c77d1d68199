import { and, asc, desc, eq, gt, gte, inArray, lt, lte, max, type SQL, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { aliases, conversations } from '../postgres/schema/conversations.ts'
import { type MessageState, messageParts, messages } from '../postgres/schema/messages.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { waysOf } from '../protocol/contact.ts'
import type { KnownPart } from './parts.ts'
import { FAILED } from './replay.ts'

/** Queries of messages for operators. */

export interface MessageFilter {
  ids?: readonly number[] | undefined
  state?: MessageState | undefined
  registrationId?: number | undefined
  contact?: string | undefined
  /** Accepted since. */
  since?: Date | undefined
  /** Accepted before. */
  until?: Date | undefined
  /** Contact, id of the CRM, or id of the gateway; whole. */
  q?: string | undefined
  /** In the reason, in letters of either case. */
  reason?: string | undefined
}

const COLUMNS = {
  id: messages.id,
  registrationId: messages.registrationId,
  contact: conversations.contact,
  crmId: messages.crmId,
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

export async function countMessages({ db }: Pick<Database, 'db'>, wanted: MessageFilter): Promise<number> {
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
  const [newest] = await db.select({ id: max(messages.id) }).from(messages)
  for (let last = 0; ; ) {
    const rows = await db
      .select({ id: messages.id })
      .from(messages)
      .innerJoin(conversations, eq(conversations.id, messages.conversationId))
      .where(and(...matching(wanted), gt(messages.id, last), lte(messages.id, newest?.id ?? 0)))
      .orderBy(asc(messages.id))
      .limit(batch)
    const end = rows.at(-1)
    if (!end) return
    last = end.id
    yield rows.map(({ id }) => id)
  }
}

function matching({
  ids,
  state,
  registrationId,
  contact,
  since,
  until,
  q,
  reason
}: MessageFilter): (SQL | undefined)[] {
  return [
    ids && sql`${messages.id} = any(${bigints(ids)})`,
    state && ofState(state),
    registrationId === undefined ? undefined : eq(messages.registrationId, registrationId),
    contact === undefined ? undefined : inArray(conversations.contact, waysOf(contact)),
    since && gte(messages.createdAt, since),
    until && lt(messages.createdAt, until),
    q === undefined ? undefined : named(q, registrationId),
    reason === undefined ? undefined : sql`position(lower(${reason}) in lower(${messages.reason})) > 0`
  ]
}

/**
 * A message by any of its names. Registration by registration, since every index
 * of a name begins with the registration: otherwise all messages would be read.
 */
const named = (q: string, registrationId: number | undefined) => sql`${messages.id} in (
  select found.id from ${registrations} r cross join lateral (
    select m.id from ${messages} m where m.registration_id = r.id and m.crm_id = ${q}
    union all select m.id from ${messages} m where m.registration_id = r.id and m.ref = ${q}
    union all select p.message_id from ${messageParts} p where p.registration_id = r.id and p.ref = ${q}
    union all select m.id from (
      select c.id from ${conversations} c where c.registration_id = r.id and c.contact in ${waysOf(q)}
      union select a.conversation_id from ${aliases} a where a.registration_id = r.id and a.contact in ${waysOf(q)}
    ) c join ${messages} m on m.conversation_id = c.id
  ) found
  where ${registrationId === undefined ? sql`true` : sql`r.id = ${registrationId}`})`

const ofState = (state: MessageState): SQL | undefined =>
  state === 'failed' ? FAILED : and(eq(messages.state, state), sql`${FAILED} is not true`)
