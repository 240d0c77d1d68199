import { sql } from 'drizzle-orm'
import { settleMessages } from '../delivery/settle.ts'
import { refreshSending } from '../messages/enqueue.ts'
import type { StoryEntry } from '../messages/story.ts'
import type { Executor } from '../postgres/connect.ts'
import { lotItems } from '../postgres/schema/lots.ts'
import { messages } from '../postgres/schema/schema.ts'
import { lockConversations } from '../queue/conversations.ts'
import type { Gathered } from './gathered-message.ts'
import { failedEnd } from './item-results.ts'
import { hashOf } from './key.ts'
import { type Candidate, fill, type LotPlace } from './place.ts'

/**
 * Puts messages into the open lots of their keys. A message whose conversation
 * has one that is under way in another lot waits for that one, so that order is
 * kept. Messages that another host has taken over meanwhile are left alone.
 */
export async function collect(tx: Executor, all: readonly Gathered[], now: Date): Promise<void> {
  await lockConversations(
    tx,
    all.map(({ claimed: taken }) => taken.conversationId)
  )
  const ours = await oursOf(tx, all)
  if (ours.length === 0) return

  const places = new Map<number, LotPlace>()
  const groups = Map.groupBy(
    ours,
    ({ claimed: taken, hash }) => `${String(taken.registrationId).padStart(12, '0')} ${hash}`
  )
  // In one order, so that no two hosts wait for each other's lots.
  for (const [, group] of [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))) await fill(tx, group, places, now)

  await write(tx, ours, places, now)
  const duplicates = ours.filter(({ claimed: taken }) => places.get(taken.message.id)?.kind === 'duplicate')
  await settleMessages(
    tx,
    duplicates.map(({ claimed: taken }) => failedEnd(taken, DUPLICATE, now)),
    now
  )
  await refreshSending(
    tx,
    ours.map(({ claimed: taken }) => taken.conversationId)
  )
}

const DUPLICATE = 'the same message to the same recipient is in the lot already'

async function oursOf(tx: Executor, all: readonly Gathered[]): Promise<Candidate[]> {
  const given = all.map(({ claimed: { message } }) => ({
    id: message.id,
    attempts: message.attempts,
    replays: message.replays
  }))
  const { rows } = await tx.execute<{ id: string; busy: string | null }>(sql`
    select m.id, (
      select max(i.lot_id) from ${lotItems} i where i.conversation_id = m.conversation_id and i.state = 'waiting'
    ) busy
    from ${messages} m
    join json_to_recordset(${JSON.stringify(given)}::json) as e(id bigint, attempts int, replays int) on m.id = e.id
    where m.state = 'sending' and m.attempts = e.attempts and m.replays = e.replays`)
  const busy = new Map(rows.map(row => [Number(row.id), row.busy === null ? null : Number(row.busy)]))
  return all
    .filter(({ claimed: taken }) => busy.has(taken.message.id))
    .map(one => ({ ...one, hash: hashOf(one.prepared.key), busy: busy.get(one.claimed.message.id) ?? null }))
    .toSorted((a, b) => a.claimed.message.id - b.claimed.message.id)
}

async function write(
  tx: Executor,
  all: readonly Candidate[],
  places: ReadonlyMap<number, LotPlace>,
  now: Date
): Promise<void> {
  const rows = all.flatMap(({ claimed: { message } }) => {
    const place = places.get(message.id)
    return place && place.kind !== 'duplicate' ? [{ id: message.id, ...columns(place, now) }] : []
  })
  await tx.execute(sql`
    update ${messages} m set state = e.state, reason = e.reason, due_at = coalesce(e.due_at, m.due_at),
      attempts = m.attempts - e.uncounted, story = m.story || e.story
    from json_to_recordset(${JSON.stringify(rows)}::json) as e(
      id bigint, state text, reason text, due_at timestamptz, uncounted int, story jsonb)
    where m.id = e.id`)
}

function columns(place: Exclude<LotPlace, { kind: 'duplicate' }>, now: Date) {
  if (place.kind === 'held') return { state: 'waiting', reason: WAITS, due_at: place.until, uncounted: 1, story: [] }
  const chapter: StoryEntry = { kind: 'gathered', at: now.toISOString(), lot: place.lot }
  return { state: 'gathered', reason: null, due_at: null, uncounted: 0, story: [chapter] }
}

const WAITS = 'it waits for a message before it, which is in another lot'
