import { and, asc, count, eq, gt, inArray, lte, max, sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { events } from '../postgres/schema/events.ts'
import { type Body, messages } from '../postgres/schema/messages.ts'
import { callRoutine, readRoutine } from '../postgres/sql-routine.ts'
import { EVENT_TYPES, type EventType } from './event.ts'
import { lineFacts } from './line-facts.ts'

/**
 * The feed of events, and why a cursor skips none.
 *
 * An event is inserted by the transaction of what it tells, without a position. The first reader after the commit gives
 * it one: under a lock that one reader at a time holds until its positions are committed, and by a statement that begins
 * after the lock was taken, so that it sees what all readers before it have placed. Positions hence become visible in
 * their order, and a transaction that commits late, with ids that others have long passed, gets positions after all that
 * was read. Nothing is paid for the order while nobody reads.
 *
 * Events of one conversation are in the order of what happened: whoever inserts one has locked its conversation, or,
 * where there is none, its registration, so their ids are in the order of the commits, and positions are given by id.
 * Those of several conversations have no order among each other.
 *
 * Rejected: a cursor by id that reads only below the oldest transaction under way. A transaction that got its number
 * before it waited for a lock breaks the order within a conversation, and a long one anywhere in the cluster, such as a
 * dump, holds the whole feed up. Rejected: positions at the commit, which would line up all writers.
 */

const PLACE = readRoutine(new URL('./feed.sql', import.meta.url), 'place_events')

/** Events that one statement places: a reader waits for it, and after an hour without readers there may be a million. */
const MAX_PLACED = 5_000
/** The present end of the feed is behind all of them, so they are placed in larger steps. */
const MAX_PLACED_TO_END = 50_000
/** Events that are looked through for a type that is rare. */
const MAX_SEARCHED = 10_000

export interface FeedFilter {
  /** The position of the last event that the reader has. */
  after: number
  registrationId?: number | undefined
  types?: readonly EventType[] | undefined
}

export interface FeedPage {
  events: FedEvent[]
  /** All that is wanted up to this position has been read. */
  next: number
  /** There is more behind it. */
  more: boolean
}

export type FedEvent = Awaited<ReturnType<typeof withNames>>[number]

/** Places the events of which nobody has read yet. Answers the last position; 0: there is none. */
export async function placeEvents({ pool }: Pick<Database, 'pool'>, most = MAX_PLACED) {
  const [row] = await callRoutine<{ placed: number; last: string | null }>(pool, PLACE, [most])
  return { placed: row?.placed ?? 0, last: Number(row?.last ?? 0) }
}

/** The last position that was given; 0: none. A client has read no event behind it. */
export async function lastPosition({ db }: Pick<Database, 'db'>): Promise<number> {
  const [row] = await db.select({ last: max(events.position) }).from(events)
  return row?.last ?? 0
}

/** The end of the feed at this moment: what was committed before has a position up to it, unless it was enough before. */
export async function endOfFeed(database: Pick<Database, 'pool'>, enough: AbortSignal): Promise<number> {
  for (;;) {
    const { placed, last } = await placeEvents(database, MAX_PLACED_TO_END)
    if (placed < MAX_PLACED_TO_END || enough.aborted) return last
  }
}

export async function readFeed(
  database: Pick<Database, 'db' | 'pool'>,
  wanted: FeedFilter,
  limit: number
): Promise<FeedPage> {
  const { placed, last } = await placeEvents(database)
  const { after } = wanted
  if (last <= after) return { events: [], next: after, more: false }
  const end = wanted.types ? await searchedTo(database, wanted, last) : last
  const found = await database.db
    .select()
    .from(events)
    .where(matching(wanted, end))
    .orderBy(asc(events.position))
    .limit(limit)
  const next = found.length < limit ? end : (found.at(-1)?.position ?? end)
  return { events: await withNames(database, found), next, more: next < last || placed === MAX_PLACED }
}

/** The position to which one search goes. */
async function searchedTo({ db }: Pick<Database, 'db'>, wanted: FeedFilter, last: number): Promise<number> {
  const looked = db
    .select({ position: events.position })
    .from(events)
    .where(matching({ ...wanted, types: undefined }, last))
    .orderBy(asc(events.position))
    .limit(MAX_SEARCHED)
    .as('looked')
  const [row] = await db.select({ end: max(looked.position), count: count() }).from(looked)
  return row?.count === MAX_SEARCHED ? Number(row.end) : last
}

/** `EVENT_TYPES`: another version of the host beside this one may write types that it does not know. */
const matching = ({ after, registrationId, types = EVENT_TYPES }: FeedFilter, end: number) =>
  and(
    gt(events.position, after),
    lte(events.position, end),
    registrationId === undefined ? undefined : eq(events.registrationId, registrationId),
    inArray(events.type, [...types])
  )

/**
 * Adds the contacts, and how the messages are called elsewhere: read here and not written with each event, since most
 * events are never read. Those of a message that its retention has removed are null.
 */
async function withNames({ db }: Pick<Database, 'db'>, found: readonly (typeof events.$inferSelect)[]) {
  const talks = found.flatMap(({ conversationId }) => conversationId ?? [])
  const about = found.flatMap(({ body }) => messageIn(body) ?? [])
  const sent = found.flatMap(({ type, body }) => (type === 'message.sent_elsewhere' ? (messageIn(body) ?? []) : []))
  const contacts =
    talks.length === 0
      ? []
      : await db
          .select({ id: conversations.id, contact: conversations.contact })
          .from(conversations)
          .where(inArray(conversations.id, [...new Set(talks)]))
  const names =
    about.length === 0
      ? []
      : await db
          .select({
            id: messages.id,
            crmId: messages.crmId,
            client: messages.client,
            clientId: messages.clientId,
            tag: messages.tag,
            // Only a line that an event tells of, since a text may be long.
            line: sql<Body | null>`case when ${inArray(messages.id, sent)} then ${messages.body} end`
          })
          .from(messages)
          .where(inArray(messages.id, [...new Set(about)]))
  const contactOf = new Map(contacts.map(({ id, contact }) => [id, contact]))
  const namesOf = new Map(names.map(({ id, line: _, ...rest }) => [id, rest]))
  const linesOf = new Map(names.flatMap(({ id, line }) => (line ? [[id, lineFacts(line)] as const] : [])))
  return found.map(({ position, registrationId, conversationId, at, type, body }) => ({
    position: position ?? 0,
    registrationId,
    conversationId,
    contact: contactOf.get(conversationId ?? 0) ?? null,
    names: namesOf.get(messageIn(body) ?? 0) ?? { crmId: null, client: null, clientId: null, tag: null },
    at,
    type,
    body: { ...linesOf.get(type === 'message.sent_elsewhere' ? (messageIn(body) ?? 0) : 0), ...body }
  }))
}

const messageIn = ({ message }: Readonly<Record<string, unknown>>) =>
  typeof message === 'number' ? message : undefined
