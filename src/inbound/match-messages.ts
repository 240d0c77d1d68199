import type { Status } from 'channel-kit/chat'
import type { GatewayEvent, StatusEvent } from 'channel-kit/event'
import type { Part, Returned } from 'channel-kit/outcome'
import { asc, inArray, sql } from 'drizzle-orm'
import { type KnownPart, partsOf } from '../messages/parts.ts'
import type { StoryEntry } from '../messages/story.ts'
import type { Executor } from '../postgres/connect.ts'
import { messageParts } from '../postgres/schema/kept.ts'
import { type Doubt, type MessageState, messages } from '../postgres/schema/schema.ts'

/** Messages that gateways report on, found by what the gateway or we call them. */

/** What a gateway of a registration reported. */
export interface ReportedEvent {
  registrationId: number
  event: GatewayEvent
}

export interface MatchedMessage {
  id: number
  registrationId: number
  conversationId: number
  state: MessageState
  ref: string | null
  crmId: string | null
  replays: number
  status: Status | null
  reason: string | null
  doubt: Doubt | null
  /** What its doubt is to be from now on, where that changes. */
  decided: Doubt | null
  partCount: number | null
  inParts: boolean
  /** Of one that is in parts. */
  parts: KnownPart[]
  /** What the gateway has given back before. */
  tried: readonly Returned[] | null
  /** What it has given back now, to be sent once more. */
  returned: (Part & Returned & { due: Date })[]
  /** What has happened to it now, in its order. What was said of it and changed nothing, `noted`, is told once. */
  chapters: StoryEntry[]
}

/**
 * The messages by the events. One that an event names is that one; where a
 * gateway gave two the same id, it is the later one. Null: the event is about a
 * send that failed, and the message has been replayed since.
 */
export async function matchMessages(
  tx: Executor,
  all: readonly ReportedEvent[]
): Promise<Map<GatewayEvent, MatchedMessage | null>> {
  const asked = all.flatMap(({ registrationId, event }, n) =>
    event.kind === 'status' ? [{ n, registrationId, ref: event.ref, id: idOf(event) }] : []
  )
  if (asked.length === 0) return new Map()
  const { rows } = await tx.execute<Row>(sql`
    select given.n, m.id, m.registration_id "registrationId", m.conversation_id "conversationId", m.state, m.ref,
      m.crm_id "crmId", m.replays, m.status, m.reason, m.doubt, m.part_count "partCount", m.in_parts "inParts", m.returned tried, coalesce(of.dropped, false) and m.ref is distinct from given.ref stale
    from json_to_recordset(${JSON.stringify(asked)}::json) as given(n int, "registrationId" bigint, ref text, id bigint)
    cross join lateral (
      select id from ${messages} where registration_id = given."registrationId" and ref = given.ref
      union select message_id from ${messageParts} where registration_id = given."registrationId" and ref = given.ref
      union select id from ${messages} where id = given.id and registration_id = given."registrationId"
    ) found
    join ${messages} m on m.id = found.id
    left join lateral (
      select bool_and(dropped) dropped from ${messageParts} p where p.message_id = m.id and p.ref = given.ref
    ) of on true
    order by m.id = given.id nulls first, stale desc, m.id`)
  const byId = new Map<string, MatchedMessage>()
  const known = new Map<GatewayEvent, MatchedMessage | null>()
  for (const { n, stale, ...row } of rows) {
    const message = byId.get(row.id) ?? messageOf(row)
    byId.set(row.id, message)
    const event = all[n]?.event
    if (event) known.set(event, stale ? null : message)
  }
  return known
}

/** What a gateway claims to be an id of ours may be anything. */
const idOf = ({ message }: StatusEvent) => (/^\d{1,15}$/.test(message?.id ?? '') ? message?.id : undefined)

/** What a row does not have as it is. */
type Made = 'id' | 'registrationId' | 'conversationId' | 'decided' | 'parts' | 'returned' | 'chapters'

type Row = Record<string, unknown> & {
  n: number
  stale: boolean
  id: string
  registrationId: string
  conversationId: string
} & Omit<MatchedMessage, Made>

const messageOf = ({ id, registrationId, conversationId, ...rest }: Omit<Row, 'n' | 'stale'>): MatchedMessage => ({
  ...(rest as Omit<MatchedMessage, Made>),
  id: Number(id),
  registrationId: Number(registrationId),
  conversationId: Number(conversationId),
  decided: null,
  parts: [],
  returned: [],
  chapters: []
})

/**
 * Keeps waiting messages from being claimed until the transaction ends. A claim
 * takes no lock of the conversation, so that a message that was read as waiting
 * may be sent by now: made `waiting` once more, it would lose the result of
 * that attempt and be sent twice. A message whose claim is under way counts as
 * being sent; to wait for the claim could close a circle of locks.
 */
export async function holdWaiting(tx: Executor, all: Iterable<MatchedMessage>): Promise<void> {
  const waiting = [...new Set(all)].filter(({ state }) => state === 'waiting')
  if (waiting.length === 0) return
  const ids = waiting.map(({ id }) => id).sort((one, other) => one - other)
  const rows = await tx
    .select({ id: messages.id, state: messages.state })
    .from(messages)
    .where(inArray(messages.id, ids))
    .orderBy(asc(messages.id))
    .for('no key update', { skipLocked: true })
  const states = new Map(rows.map(({ id, state }) => [id, state]))
  for (const message of waiting) message.state = states.get(message.id) ?? 'sending'
}

/** Adds the parts of those that are in parts; whoever calls has locked their conversations. */
export async function addParts(tx: Executor, all: Iterable<MatchedMessage>): Promise<void> {
  const inParts = [...new Set(all)].filter(message => message.inParts)
  const parts = await partsOf(
    tx,
    inParts.map(({ id }) => id)
  )
  for (const message of inParts) message.parts = parts.get(message.id) ?? []
}
