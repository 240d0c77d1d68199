import { and, eq, sql } from 'drizzle-orm'
import { settleMessages } from '../../delivery/settle.ts'
import type { StoryEntry } from '../../messages/story.ts'
import type { Executor } from '../../postgres/connect.ts'
import { lotItems, lots } from '../../postgres/schema/lots.ts'
import { messages } from '../../postgres/schema/messages.ts'
import { refreshSending } from '../../queue/due-times.ts'
import { lockConversations } from '../../queue/locks.ts'
import { type Candidate, fillLots, type Gathered, hashOf, type LotPlace, seal } from '../place.ts'
import { failedResult } from '../settle.ts'
import { NEXT, type ReadyLot, type Step } from '../step.ts'

/**
 * Puts messages into the collecting lots of their keys. A message is held back
 * while another lot has one of its conversation, so that order is kept.
 * Messages that another host has claimed since are skipped.
 */
export async function collect(tx: Executor, all: readonly Gathered[], now: Date): Promise<void> {
  await lockConversations(
    tx,
    all.map(({ claimed }) => claimed.conversationId)
  )
  const candidates = await candidatesOf(tx, all)
  if (candidates.length === 0) return

  const places = new Map<number, LotPlace>()
  const groups = Map.groupBy(
    candidates,
    ({ claimed, hash }) => `${String(claimed.registrationId).padStart(12, '0')} ${hash}`
  )
  // Sorted, so that no two hosts wait for each other's lots.
  for (const [, group] of [...groups].toSorted(([a], [b]) => (a < b ? -1 : 1))) await fillLots(tx, group, places, now)

  await writePlaces(tx, candidates, places, now)
  const duplicates = candidates.filter(({ claimed }) => places.get(claimed.message.id)?.kind === 'duplicate')
  await settleMessages(
    tx,
    duplicates.map(({ claimed }) => failedResult(claimed, DUPLICATE, now)),
    now
  )
  await refreshSending(
    tx,
    candidates.map(({ claimed }) => claimed.conversationId)
  )
}

const DUPLICATE = 'the same message to the same recipient is in the lot already'

/** Messages that this host still has claimed, in the order in which they came. */
async function candidatesOf(tx: Executor, all: readonly Gathered[]): Promise<Candidate[]> {
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
    .filter(({ claimed }) => busy.has(claimed.message.id))
    .map(one => ({ ...one, hash: hashOf(one.prepared.key), busy: busy.get(one.claimed.message.id) ?? null }))
    .toSorted((a, b) => a.claimed.message.id - b.claimed.message.id)
}

async function writePlaces(
  tx: Executor,
  all: readonly Candidate[],
  places: ReadonlyMap<number, LotPlace>,
  now: Date
): Promise<void> {
  const rows = all.flatMap(({ claimed: { message } }) => {
    const place = places.get(message.id)
    return place && place.kind !== 'duplicate' ? [{ id: message.id, ...columnsOf(place, now) }] : []
  })
  await tx.execute(sql`
    update ${messages} m set state = e.state, reason = e.reason, due_at = coalesce(e.due_at, m.due_at),
      attempts = m.attempts - e.uncounted, story = m.story || e.story
    from json_to_recordset(${JSON.stringify(rows)}::json) as e(
      id bigint, state text, reason text, due_at timestamptz, uncounted int, story jsonb)
    where m.id = e.id`)
}

function columnsOf(place: Exclude<LotPlace, { kind: 'duplicate' }>, now: Date) {
  if (place.kind === 'held') return { state: 'waiting', reason: WAITS, due_at: place.until, uncounted: 1, story: [] }
  const storyEntry: StoryEntry = { kind: 'gathered', at: now.toISOString(), lot: place.lot }
  return { state: 'gathered', reason: null, due_at: null, uncounted: 0, story: [storyEntry] }
}

const WAITS = 'it waits for a message before it, which is in another lot'

/** A lot collects until its time is over. An empty lot is removed. */
export async function collecting({ work, lot }: Pick<ReadyLot, 'work' | 'lot'>): Promise<Step> {
  const { database, now } = work
  if (lot.sealsAt > now()) return { kind: 'wait', until: lot.sealsAt }
  return database.db.transaction(async tx => {
    if (!(await seal(tx, lot.id, now()))) return NEXT
    const { rowCount } = await tx.delete(lots).where(and(eq(lots.id, lot.id), eq(lots.items, 0)))
    return rowCount ? { kind: 'over' } : NEXT
  })
}
