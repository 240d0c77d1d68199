import type { Status } from 'channel-kit/chat'
import type { Cost, GatewayEvent, StatusEvent } from 'channel-kit/event'
import type { Part, Returned } from 'channel-kit/outcome'
import { asc, inArray, sql } from 'drizzle-orm'
import { type KnownPart, partsOf } from '../messages/parts.ts'
import type { StoryEntry } from '../messages/story.ts'
import type { Executor } from '../postgres/connect.ts'
import { type Doubt, type MessageState, messageParts, messages } from '../postgres/schema/messages.ts'

/** Matches events with their messages, by the gateway's ref or by our id. */

/** An event as a registration's gateway reported it. */
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
  code: string | null
  cost: Cost | null
  doubt: Doubt | null
  /** The new doubt, where it changes. */
  decided: Doubt | null
  partCount: number | null
  inParts: boolean
  /** The parts of a message in parts. */
  parts: KnownPart[]
  /** Parts that the gateway returned before. */
  tried: readonly Returned[] | null
  /** Parts that the gateway returns now, to be sent once more. */
  returned: (Part & Returned & { due: Date })[]
  /** New story entries in their order. An entry `noted`, of a status that changed nothing, is added once. */
  chapters: StoryEntry[]
}

/**
 * Messages by their events. An event that names a message by our id is about that one; if a gateway gave two messages
 * the same ref, the later one counts. Null, superseded: the event is about a failed attempt, and the message has been
 * replayed since. Absent: no message has this ref yet.
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
      m.crm_id "crmId", m.replays, m.status, m.reason, m.code, m.cost, m.doubt, m.part_count "partCount", m.in_parts "inParts", m.returned tried, coalesce(of.dropped, false) and m.ref is distinct from given.ref stale
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
  const matched = new Map<GatewayEvent, MatchedMessage | null>()
  for (const { n, stale, ...row } of rows) {
    const message = byId.get(row.id) ?? messageOf(row)
    byId.set(row.id, message)
    const event = all[n]?.event
    if (event) matched.set(event, stale ? null : message)
  }
  return matched
}

/** Our id of a message as the event names it, which may be any text. */
const idOf = ({ message }: StatusEvent) => (/^\d{1,15}$/.test(message?.id ?? '') ? message?.id : undefined)

/** Fields of a matched message that are not as they are in the row. */
type Converted = 'id' | 'registrationId' | 'conversationId' | 'decided' | 'parts' | 'returned' | 'chapters'

type Row = Record<string, unknown> & {
  n: number
  stale: boolean
  id: string
  registrationId: string
  conversationId: string
} & Omit<MatchedMessage, Converted>

const messageOf = ({ id, registrationId, conversationId, ...rest }: Omit<Row, 'n' | 'stale'>): MatchedMessage => ({
  ...(rest as Omit<MatchedMessage, Converted>),
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

/** Adds the parts of messages in parts; the caller has locked their conversations. */
export async function addParts(tx: Executor, all: Iterable<MatchedMessage>): Promise<void> {
  const inParts = [...new Set(all)].filter(message => message.inParts)
  const parts = await partsOf(
    tx,
    inParts.map(({ id }) => id)
  )
  for (const message of inParts) message.parts = parts.get(message.id) ?? []
}
