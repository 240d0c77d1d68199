import { and, eq, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import { type LotCode, lotChunks } from '../postgres/schema/lots.ts'
import { writeLot } from './claim.ts'
import { type Going, later, ON, type Step } from './step.ts'

/** What is written of a chunk once its call has ended, always together with its lot, which must still be this host's. */

export type Chunk = typeof lotChunks.$inferSelect

/** One more attempt, unless it was the last. */
export async function again(
  going: Going,
  chunk: Chunk,
  said: string,
  doubtful: boolean,
  afterMs?: number
): Promise<Step> {
  const { work, lot } = going
  const reason = sanitize(said)
  if (chunk.attempts >= work.policy.attempts) {
    const gaveUp = `gave up after ${chunk.attempts} attempts: ${reason}`
    await write(going, chunk, { state: doubtful ? 'unknown' : 'failed', reason: gaveUp })
    return ON
  }
  await work.database.db.transaction(async tx => {
    await writeLot(tx, lot, { doubtful, reason })
    await tx.update(lotChunks).set({ state: 'queued', reason }).where(eq(lotChunks.id, chunk.id))
  })
  return { kind: 'wait', until: later(work, afterMs ?? work.policy.intervalMs) }
}

/** Nobody says which items are bad, so it is tried with each half. */
export const split = (
  { work, lot }: Going,
  chunk: Chunk,
  items: readonly { id: number }[],
  reason: string
): Promise<void> =>
  work.database.db.transaction(async tx => {
    await writeLot(tx, lot, { reason: sanitize(reason) })
    const [first, second] = [items[Math.ceil(items.length / 2) - 1], items[Math.ceil(items.length / 2)]]
    if (!first || !second) return
    const fresh = { state: 'queued' as const, attempts: 0, reason: sanitize(reason) }
    await tx
      .update(lotChunks)
      .set({ ...fresh, lastItem: first.id })
      .where(eq(lotChunks.id, chunk.id))
    await tx.insert(lotChunks).values({ ...fresh, lotId: lot.id, firstItem: second.id, lastItem: chunk.lastItem })
  })

/** The gateway takes nothing more into this lot. What is in it stays in it. */
export const refuseAll = (going: Going, reason: string): Promise<void> =>
  going.work.database.db.transaction(tx => failRest(tx, going, 'refused', reason))

async function failRest(tx: Executor, { lot }: Going, code: LotCode, reason: string): Promise<void> {
  await writeLot(tx, lot, { code, reason })
  await tx
    .update(lotChunks)
    .set({ state: 'failed', reason })
    .where(and(eq(lotChunks.lotId, lot.id), sql`${lotChunks.state} in ('queued', 'inflight')`))
}

/**
 * So many items from both ends of a lot, refused one by one for one reason and
 * with none taken, are not to blame: it is something that all have, such as a setting. Finding that of
 * five thousand would take ten thousand calls.
 */
const CONVINCED = 50

/** An item is bad, and is told so. What has not been tried of a lot that seems all bad may be sent once more. */
export const blame = (going: Going, chunk: Chunk, reason: string): Promise<void> =>
  going.work.database.db.transaction(async tx => {
    await writeLot(tx, going.lot, { doubtful: false })
    await tx.update(lotChunks).set({ state: 'rejected', reason }).where(eq(lotChunks.id, chunk.id))
    const { rows } = await tx.execute<{ hopeless: boolean }>(sql`
      select count(*) filter (where state = 'rejected' and reason = ${reason}) >= ${CONVINCED}
        and count(*) filter (where state in ('accepted', 'unknown') or (state = 'rejected' and reason <> ${reason})) = 0 hopeless
      from ${lotChunks} where lot_id = ${going.lot.id}`)
    if (rows[0]?.hopeless)
      await failRest(
        tx,
        going,
        'rejected',
        `not tried, since ${CONVINCED} from its beginning and its end were refused: ${reason}`
      )
  })

/** Writes to a chunk of a lot that is this host's. */
export const write = ({ work, lot }: Going, { id }: Chunk, changes: Partial<Chunk>): Promise<void> =>
  work.database.db.transaction(async tx => {
    await writeLot(tx, lot, { doubtful: false })
    await tx.update(lotChunks).set(changes).where(eq(lotChunks.id, id))
  })
