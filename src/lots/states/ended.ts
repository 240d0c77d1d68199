import { and, asc, eq, sql } from 'drizzle-orm'
import { storeEvents } from '../../inbound/store-events.ts'
import { bigints } from '../../postgres/ids.ts'
import { sanitize } from '../../postgres/sanitize-text.ts'
import { lotItems } from '../../postgres/schema/lots.ts'
import type { LotRow } from '../claim.ts'
import { LOT_BATCH, refInLot, settleItems } from '../settle.ts'
import { type LotWork, type ReadyLot, type Step, saveLot } from '../step.ts'

/** Settles the messages that a lot still has when its end is decided; then the lot is over. */
export async function ended({ work, lot }: Pick<ReadyLot, 'work' | 'lot'>): Promise<Step> {
  const reason = lot.reason ?? ''
  if (lot.state === 'failed') {
    await settleItems(work, lot, { kind: lot.code === 'rejected' ? 'rejected' : 'failed', reason })
    if (lot.step === 'finishing') await settleUnsent(work, lot, reason)
  }
  if (lot.state === 'unknown')
    await settleItems(work, lot, {
      kind: 'failed',
      reason: `the lot may have been opened, with nothing in it (${reason})`
    })
  if (lot.state === 'cancelled') await settleItems(work, lot, { kind: 'cancelled', reason })
  await saveLot({ work, lot }, { endedAt: work.now(), host: null })
  return { kind: 'over' }
}

/** Settles items that the gateway accepted into a lot that it then refused to close: it does not send them. */
async function settleUnsent(
  { database, now }: Pick<LotWork, 'database' | 'now'>,
  { id, registrationId, ref }: Pick<LotRow, 'id' | 'registrationId' | 'ref'>,
  reason: string
): Promise<void> {
  for (let more = true; more; )
    more = await database.db.transaction(async tx => {
      const rows = await tx
        .select({ id: lotItems.id, messageId: lotItems.messageId })
        .from(lotItems)
        .where(and(eq(lotItems.lotId, id), eq(lotItems.state, 'accepted')))
        .orderBy(asc(lotItems.id))
        .limit(LOT_BATCH)
      const status = { kind: 'status', status: 'error', reason } as const
      await storeEvents(
        tx,
        rows.map(({ messageId }) => ({ registrationId, event: { ...status, ref: refInLot(ref ?? '', messageId) } })),
        now()
      )
      await tx.execute(sql`
        update ${lotItems} set state = 'failed', reason = ${sanitize(reason)}
        where id = any(${bigints(rows.map(row => row.id))})`)
      return rows.length === LOT_BATCH
    })
}
