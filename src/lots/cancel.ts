import { and, eq, sql } from 'drizzle-orm'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { hosts } from '../postgres/schema/hosts.ts'
import { lotChunks, lots } from '../postgres/schema/lots.ts'
import type { LotRow } from './claim.ts'
import { resumeLot } from './schedule.ts'
import { settleItems } from './settle.ts'

/** An operator cancels a lot: its messages that have not left fail. Chunks that the gateway accepted stay there. */

export type Cancelled =
  | { kind: 'none' }
  /** The lot has ended, or all of its messages have left. */
  | { kind: 'late'; state: LotRow['state'] }
  /** A host is calling the gateway for it right now. */
  | { kind: 'busy' }
  /** `rest`: chunks are at the gateway, and a host closes the lot there. */
  | { kind: 'cancelled'; rest: boolean }

const REASON = 'cancelled by an operator'

/** `noted`: called in the transaction that cancels it. */
export async function cancelLot(
  { db }: Pick<Database, 'db'>,
  id: number,
  now: Date,
  noted: (tx: Executor) => PromiseLike<unknown> = async () => {},
  meter: Meter = NO_METER
): Promise<Cancelled> {
  const cancelled = await db.transaction(async tx => {
    const done = await cancelQueued(tx, id, now)
    if (done.kind === 'cancelled') await noted(tx)
    return done
  })
  if (cancelled.kind !== 'cancelled' || cancelled.rest) return cancelled
  const [lot] = await db.select().from(lots).where(eq(lots.id, id))
  if (lot) await settleItems({ database: { db }, now: () => now, meter }, lot, { kind: 'cancelled', reason: REASON })
  await db.update(lots).set({ endedAt: now }).where(eq(lots.id, id))
  return cancelled
}

async function cancelQueued(tx: Executor, id: number, now: Date): Promise<Cancelled> {
  const [lot] = await tx.select().from(lots).where(eq(lots.id, id)).for('update')
  if (!lot) return { kind: 'none' }
  if (lot.endedAt || lot.state === 'finishing') return { kind: 'late', state: lot.state }
  if (lot.host !== null && (await tx.$count(hosts, eq(hosts.id, lot.host))) > 0) return { kind: 'busy' }

  const ofLot = eq(lotChunks.lotId, id)
  const rest = (await tx.$count(lotChunks, and(ofLot, eq(lotChunks.state, 'accepted')))) > 0
  await tx
    .update(lotChunks)
    .set({ state: 'failed', reason: REASON })
    .where(and(ofLot, sql`${lotChunks.state} = 'queued'`))
  if (rest) await resumeLot(tx, id, now)
  else await tx.update(lots).set({ state: 'cancelled', reason: REASON }).where(eq(lots.id, id))
  return { kind: 'cancelled', rest }
}
