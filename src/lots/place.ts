import { createHash } from 'node:crypto'
import type { ChatMessage } from 'channel-kit/chat'
import type { LotLimits, PreparedItem } from 'channel-kit/lots'
import { and, eq, sql } from 'drizzle-orm'
import type { ClaimedMessage } from '../delivery/attempt.ts'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { sanitize, sanitizeJson } from '../postgres/sanitize-text.ts'
import { lotItems, lots } from '../postgres/schema/lots.ts'
import { messages } from '../postgres/schema/messages.ts'
import { NEVER_DUE } from '../queue/claims.ts'
import { scheduleLot } from './schedule.ts'

/** Puts messages into the collecting lot of their key, or holds them back. */

/** A claimed message that its channel has prepared for a lot. */
export interface Gathered {
  claimed: ClaimedMessage
  prepared: PreparedItem
  limits: LotLimits
}

/**
 * `held`: the message waits until then, or, with NEVER_DUE, until a message before it is settled. `duplicate`: the lot has
 * the same message already.
 */
export type LotPlace = { kind: 'gathered'; lot: number } | { kind: 'held'; until: Date } | { kind: 'duplicate' }

export interface Candidate extends Gathered {
  hash: string
  /** The lot that has another message of the conversation, not settled yet. */
  busy: number | null
}

/** Fills the collecting lot of a key, and the next one when that is full. */
export async function fillLots(
  tx: Executor,
  group: readonly Candidate[],
  places: Map<number, LotPlace>,
  now: Date
): Promise<void> {
  for (let rest = group; rest.length > 0; ) {
    const [first] = rest
    if (!first) return
    const { limits } = first
    const lot = await collectingLot(tx, first, limits, now)
    const fitting = rest.filter(({ busy }) => busy === null || busy === lot.id)
    for (const { claimed } of rest)
      if (!places.has(claimed.message.id)) places.set(claimed.message.id, { kind: 'held', until: NEVER_DUE })
    const maxItems = Math.max(1, limits.items)
    const chosen = fitting.slice(0, Math.max(0, maxItems - lot.items))

    const added = await addItems(tx, lot.id, chosen, places, now)
    const items = lot.items + added
    await tx.execute(sql`update ${lots} set items = ${items} where id = ${lot.id}`)
    if (items >= maxItems && (await seal(tx, lot.id, now))) await scheduleLot(tx, lot.id, now)
    rest = fitting.slice(chosen.length)
  }
}

/** The lot that collects messages of this key, locked. */
async function collectingLot(
  tx: Executor,
  { claimed: { registrationId }, prepared: { name, key }, hash }: Candidate,
  { windowMs }: LotLimits,
  now: Date
): Promise<{ id: number; items: number }> {
  const [found] = await tx
    .select({ id: lots.id, items: lots.items })
    .from(lots)
    .where(and(eq(lots.registrationId, registrationId), eq(lots.hash, hash), eq(lots.state, 'collecting')))
    .for('no key update')
  if (found) return found

  const sealsAt = new Date(now.getTime() + windowMs)
  // Another host may have made the lot of this key just now.
  const { rows } = await tx.execute<{ id: string; items: number; created: boolean }>(sql`
    insert into ${lots} (registration_id, name, key, hash, seals_at)
    values (${registrationId}, ${sanitize(name)}, ${sanitizeJson({ value: key })}::json, ${hash}, ${sealsAt.toISOString()}::timestamptz)
    on conflict (registration_id, hash) where state = 'collecting' do update set items = lots.items
    returning id, items, (xmax = 0) created`)
  const [row] = rows
  if (!row) throw new Error('A lot that was made is not there')
  const id = Number(row.id)
  if (row.created) await scheduleLot(tx, id, sealsAt)
  return { id, items: row.items }
}

/** Answers the number of items that the lot did not have yet. */
async function addItems(
  tx: Executor,
  lot: number,
  chosen: readonly Candidate[],
  places: Map<number, LotPlace>,
  now: Date
): Promise<number> {
  if (chosen.length === 0) return 0
  const rows = chosen.map(({ claimed: { message, conversationId }, prepared: { item, dedupe } }) => ({
    message: message.id,
    conversation: conversationId,
    item: item ?? null,
    dedupe: dedupe === undefined ? null : sanitize(dedupe)
  }))
  const { rows: added } = await tx.execute<{ id: string }>(sql`
    insert into ${lotItems} (lot_id, message_id, conversation_id, item, dedupe)
    select ${lot}, e.message, e.conversation, e.item, e.dedupe
    from json_to_recordset(${sanitizeJson(rows)}::json) as e(message bigint, conversation bigint, item json, dedupe text)
    on conflict (lot_id, dedupe) where dedupe is not null do nothing
    returning message_id id`)
  for (const { id } of added) places.set(Number(id), { kind: 'gathered', lot })
  if (added.length < chosen.length) await findDuplicates(tx, lot, chosen, places, now)
  return added.length
}

/** Two messages with one dedupe key: the later is a duplicate if it has the same content, else it waits for the next lot. */
async function findDuplicates(
  tx: Executor,
  lot: number,
  chosen: readonly Candidate[],
  places: Map<number, LotPlace>,
  now: Date
): Promise<void> {
  const refused = chosen.filter(({ claimed }) => places.get(claimed.message.id)?.kind === 'held')
  const keys = JSON.stringify(refused.map(({ prepared }) => sanitize(prepared.dedupe ?? '')))
  const { rows } = await tx.execute<{ dedupe: string; conversation: string; body: ChatMessage }>(sql`
    select i.dedupe, i.conversation_id conversation, m.body from ${lotItems} i join ${messages} m on m.id = i.message_id
    where i.lot_id = ${lot} and i.dedupe = any(array(select json_array_elements_text(${keys}::json)))`)
  const byDedupe = new Map(rows.map(row => [row.dedupe, row]))
  for (const { claimed, prepared, limits } of refused) {
    const other = byDedupe.get(sanitize(prepared.dedupe ?? ''))
    if (other && contentOf(other.body) === contentOf(claimed.message.body))
      places.set(claimed.message.id, { kind: 'duplicate' })
    else if (other && Number(other.conversation) !== claimed.conversationId)
      // Settling that lot releases the other conversation only, so this message waits for a time.
      places.set(claimed.message.id, { kind: 'held', until: new Date(now.getTime() + limits.windowMs) })
  }
}

/** The content of a message. Items are not compared, as a channel may put an id into each. */
const contentOf = ({ subject, content, attachments, template }: ChatMessage) =>
  JSON.stringify([subject, content, attachments, template])

/** Finds the lot of a key: equal keys have equal hashes, whatever the order of their fields. */
export const hashOf = (key: unknown) =>
  createHash('sha256')
    .update(JSON.stringify(sorted(key)))
    .digest('hex')

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== 'object' || value === null) return value
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1))
  return Object.fromEntries(entries.map(([name, inner]) => [name, sorted(inner)]))
}

/** Releases the held messages of conversations, which the caller has locked. Answers whether there were any. */
export async function releaseHeld(tx: Executor, conversationIds: readonly number[], now: Date): Promise<boolean> {
  const { rowCount } = await tx.execute(sql`
    update ${messages} set due_at = ${now.toISOString()}::timestamptz
    where conversation_id = any(${bigints(conversationIds)}) and state = 'waiting'
      and due_at >= ${NEVER_DUE.toISOString()}::timestamptz`)
  return (rowCount ?? 0) > 0
}

/**
 * Closes a lot to further messages. A host that collects has locked the row of
 * the lot: its messages are either in before, or find the lot sealed and come
 * into a new one.
 */
export async function seal(tx: Executor, lot: number, now: Date): Promise<boolean> {
  const { rowCount } = await tx.execute(sql`
    update ${lots} set state = 'sealed', sealed_at = ${now.toISOString()}::timestamptz
    where id = ${lot} and state = 'collecting'`)
  return rowCount !== 0
}
