import type { LotLimits } from 'channel-kit/lots'
import { and, eq, sql } from 'drizzle-orm'
import { lotChunks, lotItems } from '../../postgres/schema/lots.ts'
import { messages } from '../../postgres/schema/messages.ts'
import { refreshSending } from '../../queue/due-times.ts'
import { lockConversations, wake } from '../../queue/locks.ts'
import { writeLot } from '../claim.ts'
import { releaseHeld } from '../place.ts'
import { endLot, type LotWork, NEXT, type ReadyLot, type Step } from '../step.ts'

/** Divides the items of a sealed lot into chunks. Erased messages have no items any more. */
export async function sealed(readyLot: ReadyLot): Promise<Step> {
  const { work, target } = readyLot
  const limits = target.lots.limits(target.tools.settings, readyLot.lot.key.value)
  const waiting = await countWaiting(readyLot)
  if (waiting === 0) return endLot(readyLot, { state: 'finished', reason: null })
  if (waiting === 1 && limits.single) return sendAlone(work, readyLot)
  await divide(readyLot, limits)
  return NEXT
}

const divide = ({ work, lot }: ReadyLot, { chunk }: LotLimits): Promise<void> =>
  work.database.db.transaction(async tx => {
    await writeLot(tx, lot, { state: 'creating' })
    await tx.execute(sql`
      insert into ${lotChunks} (lot_id, first_item, last_item)
      select ${lot.id}, min(id), max(id)
      from (
        select id, (row_number() over (order by id) - 1) / ${Math.max(1, chunk)}::int part
        from ${lotItems} where lot_id = ${lot.id} and state = 'waiting'
      ) numbered group by part order by part`)
  })

export const countWaiting = ({ work, lot }: ReadyLot) => work.database.db.$count(lotItems, waitingIn(lot.id))

const waitingIn = (lot: number) => and(eq(lotItems.lotId, lot), eq(lotItems.state, 'waiting'))

/** The only message of a lot is sent by itself, in the order of its conversation. */
const sendAlone = ({ database, now }: LotWork, { lot }: ReadyLot): Promise<Step> =>
  database.db.transaction(async tx => {
    const [item] = await tx.select().from(lotItems).where(waitingIn(lot.id))
    if (!item) return NEXT
    const ids = (await lockConversations(tx, [item.conversationId])).map(({ id }) => id)
    await tx.update(lotItems).set({ state: 'alone' }).where(eq(lotItems.id, item.id))
    await tx
      .update(messages)
      .set({ state: 'waiting', alone: true, dueAt: now(), attempts: sql`${messages.attempts} - 1` })
      .where(and(eq(messages.id, item.messageId), eq(messages.state, 'gathered')))
    await releaseHeld(tx, ids, now())
    await refreshSending(tx, ids)
    await writeLot(tx, lot, { state: 'finished', endedAt: now() })
    await wake(tx, 'send', [lot.registrationId])
    return { kind: 'over' }
  })
