import type { Attachment } from 'channel-kit/chat'
import { inArray, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { events } from '../postgres/schema/events.ts'
import { messages } from '../postgres/schema/messages.ts'
import { outbox } from '../postgres/schema/outbox.ts'
import { FAILED } from './replay.ts'

/**
 * Lines of a conversation as the host still knows them: messages, what customers wrote as long as the outbox keeps it, and what
 * the business wrote on its own phone as long as there are events of it.
 */

type LineBy = 'customer' | 'crm' | 'api' | 'phone' | 'channel' | 'note'

export interface Line {
  at: Date
  direction: 'in' | 'out'
  by: LineBy
  text: string
  format: string
  attachments: { type: string; name: string; uri: string }[]
  /** The message; null: it is none of this host's. */
  message: number | null
  status: string | null
  state: string | null
  reason: string | null
}

/** The place of a line: its time in microseconds, its source and its id there. */
export interface LinePlace {
  at: string
  source: Source
  id: number
}

type Source = 'e' | 'm' | 'o'

/** Lines of the own phone that are looked through. */
const MOST_OF_PHONE = 5_000

/** The newest first. A line more than asked for says that there are more. */
export async function conversationLines(
  tx: Executor,
  conversationId: number,
  { limit, before }: { limit: number; before?: LinePlace | undefined }
): Promise<(Line & { place: LinePlace })[]> {
  const places = await placesOf(tx, conversationId, { limit, before })
  const idsIn = (source: Source) => places.flatMap(place => (place.source === source ? [place.id] : []))
  const known = new Map([
    ...(await sentLines(tx, idsIn('m'))),
    ...(await crmLines(tx, idsIn('o'), new Set(places.flatMap(({ byPhone, id }) => (byPhone ? [id] : []))))),
    ...(await phoneLines(tx, idsIn('e')))
  ])
  return places.flatMap(({ byPhone: _, ...place }) => {
    const line = known.get(`${place.source} ${place.id}`)
    return line ? [{ ...line, place }] : []
  })
}

async function placesOf(
  tx: Executor,
  conversationId: number,
  { limit, before }: { limit: number; before?: LinePlace | undefined }
): Promise<(LinePlace & { byPhone: boolean })[]> {
  const micros = (time: SQL) => sql`(extract(epoch from ${time}) * 1000000)::bigint`
  const { rows } = await tx.execute<{ at: string; source: Source; id: string; by_phone: boolean }>(sql`
    with phone as materialized (
      select id, at, 'incoming ' || (body ->> 'ref') key from ${events}
      where conversation_id = ${conversationId} and type = 'message.sent_elsewhere' and body ->> 'source' = 'phone'
      order by id desc limit ${MOST_OF_PHONE}
    ), told as materialized (
      select id, created_at, dedupe from ${outbox} where conversation_id = ${conversationId} and kind = 'incoming'
    ), lines as (
      select ${micros(sql`created_at`)} at, 'm' source, id, false by_phone from ${messages}
      where conversation_id = ${conversationId}
      union all
      select ${micros(sql`created_at`)}, 'o', id, dedupe in (select key from phone) from told
      union all
      select ${micros(sql`at`)}, 'e', id, true from phone where key not in (select dedupe from told)
    )
    select at::text, source, id, by_phone from lines
    ${before ? sql`where (lines.at, source collate "C", id) < (${before.at}::bigint, ${before.source}, ${before.id})` : sql``}
    order by lines.at desc, source collate "C" desc, id desc limit ${limit}`)
  return rows.map(({ id, by_phone: byPhone, ...place }) => ({ ...place, id: Number(id), byPhone }))
}

async function sentLines(tx: Executor, ids: readonly number[]): Promise<[string, Line][]> {
  if (ids.length === 0) return []
  const rows = await tx
    .select({
      id: messages.id,
      at: messages.createdAt,
      crmId: messages.crmId,
      client: messages.client,
      body: messages.body,
      status: messages.status,
      state: sql<string>`case when ${FAILED} then 'failed' else ${messages.state} end`,
      reason: messages.reason
    })
    .from(messages)
    .where(inArray(messages.id, [...ids]))
  return rows.map(({ id, at, crmId, client, body: { content, template, attachments }, ...row }) => [
    `m ${id}`,
    {
      at,
      direction: 'out',
      by: client === null ? (crmId === null ? 'channel' : 'crm') : 'api',
      text: content?.text ?? (template ? `/${template.name}` : ''),
      format: content?.format ?? 'text',
      attachments: named(attachments),
      message: id,
      ...row
    }
  ])
}

async function crmLines(tx: Executor, ids: readonly number[], byPhone: ReadonlySet<number>): Promise<[string, Line][]> {
  if (ids.length === 0) return []
  const rows = await tx
    .select({
      id: outbox.id,
      at: outbox.createdAt,
      dedupe: outbox.dedupe,
      body: outbox.body,
      state: outbox.state,
      reason: outbox.reason
    })
    .from(outbox)
    .where(inArray(outbox.id, [...ids]))
  return rows.map(({ id, at, dedupe, body, ...row }) => {
    const { content = null, attachments = [] } = (body as Incoming).message ?? {}
    const by = dedupe.startsWith('note ') ? 'note' : byPhone.has(id) ? 'phone' : 'customer'
    return [
      `o ${id}`,
      {
        at,
        direction: by === 'customer' ? 'in' : 'out',
        by,
        text: content?.text ?? '',
        format: content?.format ?? 'text',
        attachments: named(attachments),
        message: null,
        status: null,
        ...row
      }
    ]
  })
}

interface Incoming {
  message?: { content?: { text: string; format: string } | null; attachments?: readonly Attachment[] }
}

async function phoneLines(tx: Executor, ids: readonly number[]): Promise<[string, Line][]> {
  if (ids.length === 0) return []
  const rows = await tx
    .select({ id: events.id, at: events.at, body: events.body })
    .from(events)
    .where(inArray(events.id, [...ids]))
  return rows.map(({ id, at, body }) => {
    const { text, format, attachments = [] } = body as Told
    return [
      `e ${id}`,
      {
        at,
        direction: 'out',
        by: 'phone',
        text: text ?? '',
        format: format ?? 'text',
        // The feed has their names alone.
        attachments: attachments.map(({ type, name }) => ({ type, name, uri: '' })),
        message: null,
        status: null,
        state: null,
        reason: null
      }
    ]
  })
}

interface Told {
  text?: string | null
  format?: string | null
  attachments?: readonly { type: string; name: string }[]
}

const named = (attachments: readonly Attachment[]) => attachments.map(({ type, name, uri }) => ({ type, name, uri }))
