import type { ChatMessage } from 'channel-kit/chat'
import type { LotLimits } from 'channel-kit/lots'
import { and, eq, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { sanitize, sanitizeJson } from '../postgres/sanitize-text.ts'
import { lotItems, lots } from '../postgres/schema/lots.ts'
import { messages } from '../postgres/schema/schema.ts'
import { NEVER_DUE } from '../queue/claims.ts'
import type { Gathered } from './gathered-message.ts'
import { goOn, seal } from './seal.ts'

/** Which lot a message comes into. */

/** What became of a message that was to be collected. */
export type LotPlace = { kind: 'gathered'; lot: number } | { kind: 'held'; until: Date } | { kind: 'duplicate' }

export interface Candidate extends Gathered {
  hash: string
  /** The lot in which its conversation has a message that is not settled. */
  busy: number | null
}

/** Fills the open lot of a key, and the next one when that is full. */
export async function fill(
  tx: Executor,
  group: readonly Candidate[],
  places: Map<number, LotPlace>,
  now: Date
): Promise<void> {
  for (let left = group; left.length > 0; ) {
    const [first] = left
    if (!first) return
    const { limits } = first
    const lot = await openLot(tx, first, limits, now)
    const fitting = left.filter(({ busy }) => busy === null || busy === lot.id)
    for (const { claimed: taken } of left)
      if (!places.has(taken.message.id)) places.set(taken.message.id, { kind: 'held', until: NEVER_DUE })
    const most = Math.max(1, limits.items)
    const chosen = fitting.slice(0, Math.max(0, most - lot.items))

    const added = await addItems(tx, lot.id, chosen, places, now)
    const items = lot.items + added
    await tx.execute(sql`update ${lots} set items = ${items} where id = ${lot.id}`)
    if (items >= most && (await seal(tx, lot.id, now))) await goOn(tx, lot.id, now)
    left = fitting.slice(chosen.length)
  }
}

/** The lot that gathers messages of this key; it is this transaction's until it ends. */
async function openLot(
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
  // Another host may have made one just now.
  const { rows } = await tx.execute<{ id: string; items: number; made: boolean }>(sql`
    insert into ${lots} (registration_id, name, key, hash, seals_at)
    values (${registrationId}, ${sanitize(name)}, ${sanitizeJson({ value: key })}::json, ${hash}, ${sealsAt.toISOString()}::timestamptz)
    on conflict (registration_id, hash) where state = 'collecting' do update set items = lots.items
    returning id, items, (xmax = 0) made`)
  const [row] = rows
  if (!row) throw new Error('A lot that was made is not there')
  const id = Number(row.id)
  if (row.made) await goOn(tx, id, sealsAt)
  return { id, items: row.items }
}

/** Answers how many the lot did not have yet. */
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

/** What a lot does not take twice is a mistake when it says the same, and otherwise waits for the next lot. */
async function findDuplicates(
  tx: Executor,
  lot: number,
  chosen: readonly Candidate[],
  places: Map<number, LotPlace>,
  now: Date
): Promise<void> {
  const refused = chosen.filter(({ claimed: taken }) => places.get(taken.message.id)?.kind === 'held')
  const keys = JSON.stringify(refused.map(({ prepared }) => sanitize(prepared.dedupe ?? '')))
  const { rows } = await tx.execute<{ dedupe: string; conversation: string; body: ChatMessage }>(sql`
    select i.dedupe, i.conversation_id conversation, m.body from ${lotItems} i join ${messages} m on m.id = i.message_id
    where i.lot_id = ${lot} and i.dedupe = any(array(select json_array_elements_text(${keys}::json)))`)
  const there = new Map(rows.map(row => [row.dedupe, row]))
  for (const { claimed: taken, prepared, limits } of refused) {
    const other = there.get(sanitize(prepared.dedupe ?? ''))
    if (other && contentOf(other.body) === contentOf(taken.message.body))
      places.set(taken.message.id, { kind: 'duplicate' })
    else if (other && Number(other.conversation) !== taken.conversationId)
      // Its own conversation would not let it go when that lot has been sent.
      places.set(taken.message.id, { kind: 'held', until: new Date(now.getTime() + limits.windowMs) })
  }
}

/** What a message says. Its item may differ in the id that a channel put into it. */
const contentOf = ({ subject, content, attachments }: ChatMessage) => JSON.stringify([subject, content, attachments])
