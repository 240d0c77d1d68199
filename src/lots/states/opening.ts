import type { LotLimits } from 'channel-kit/lots'
import { and, eq, sql } from 'drizzle-orm'
import { refreshSending } from '../../messages/enqueue.ts'
import { lotChunks, lotItems, lots } from '../../postgres/schema/lots.ts'
import { messages } from '../../postgres/schema/schema.ts'
import { lockConversations, wake } from '../../queue/conversations.ts'
import { openLot } from '../call-gateway.ts'
import { writeLot } from '../claim.ts'
import { letGoHeld } from '../hold.ts'
import { seal } from '../seal.ts'
import { end, type Going, INTERRUPTED, type LotWork, later, note, ON, type Step, throttled } from '../step.ts'

/** From the first message of a lot to its being open at the gateway. */

/** A lot gathers until its time is over. One that gathered nothing was never needed. */
export async function collecting({ work, lot }: Pick<Going, 'work' | 'lot'>): Promise<Step> {
  const { database, now } = work
  if (lot.sealsAt > now()) return { kind: 'wait', until: lot.sealsAt }
  return database.db.transaction(async tx => {
    if (!(await seal(tx, lot.id, now()))) return ON
    const { rowCount } = await tx.delete(lots).where(and(eq(lots.id, lot.id), eq(lots.items, 0)))
    return rowCount ? { kind: 'over' } : ON
  })
}

/** Divides what is there into chunks. What has been erased meanwhile is not there. */
export async function sealed(going: Going): Promise<Step> {
  const { work, target } = going
  const limits = target.lots.limits(target.tools.settings, going.lot.key.value)
  const waiting = await countWaiting(going)
  if (waiting === 0) return end(going, { state: 'finished', reason: null })
  if (waiting === 1 && limits.single) return alone(work, going)
  await divide(going, limits)
  return ON
}

const divide = ({ work, lot }: Going, { chunk }: LotLimits): Promise<void> =>
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

const countWaiting = ({ work, lot }: Going) => work.database.db.$count(lotItems, waitingIn(lot.id))

const waitingIn = (lot: number) => and(eq(lotItems.lotId, lot), eq(lotItems.state, 'waiting'))

/** Its only message goes by itself, in the order of its conversation. */
const alone = ({ database, now }: LotWork, { lot }: Going): Promise<Step> =>
  database.db.transaction(async tx => {
    const [item] = await tx.select().from(lotItems).where(waitingIn(lot.id))
    if (!item) return ON
    const ids = (await lockConversations(tx, [item.conversationId])).map(({ id }) => id)
    await tx.update(lotItems).set({ state: 'alone' }).where(eq(lotItems.id, item.id))
    await tx
      .update(messages)
      .set({ state: 'waiting', alone: true, dueAt: now(), attempts: sql`${messages.attempts} - 1` })
      .where(and(eq(messages.id, item.messageId), eq(messages.state, 'gathered')))
    await letGoHeld(tx, ids, now())
    await refreshSending(tx, ids)
    await writeLot(tx, lot, { state: 'finished', endedAt: now() })
    await wake(tx, 'send', [lot.registrationId])
    return { kind: 'over' }
  })

/** Opens the lot at the gateway. Nothing has been put into it before, so nobody gets anything twice by it. */
export async function creating(going: Going): Promise<Step> {
  const { work, lot, target, deadline } = going
  const { id, name, key, items, doubtful } = lot
  const attempts = lot.attempts + 1
  if (!lot.calling && (await countWaiting(going)) === 0) return end(going, { state: 'finished', reason: null })
  if (!lot.calling) await note(going, { calling: true, attempts })
  const outcome = lot.calling
    ? { kind: 'unknown' as const, reason: INTERRUPTED }
    : await openLot(target, { id: String(id), name, key: key.value, items, doubtful }, deadline)

  switch (outcome.kind) {
    case 'opened':
      await note(going, {
        ...{ state: 'sending', ref: outcome.ref, openedAt: work.now(), reason: null },
        ...{ calling: false, attempts: 0, doubtful: false }
      })
      return ON
    case 'retry':
      return again(going, attempts, outcome.reason, outcome.afterMs)
    case 'throttled':
      return throttled(going, outcome)
    case 'refused':
      return end(going, { state: 'failed', code: 'refused', step: 'creating', reason: outcome.reason })
    case 'unknown':
      if (target.retryUnknown) return again({ ...going, lot: { ...lot, doubtful: true } }, attempts, outcome.reason)
      return end(going, { state: 'unknown', step: 'creating', reason: outcome.reason, retryable: true })
  }
}

async function again(going: Going, attempts: number, reason: string, afterMs?: number): Promise<Step> {
  const { work, lot } = going
  if (attempts >= work.policy.attempts)
    return end(going, {
      ...{ state: 'failed', code: 'unreachable', step: 'creating', retryable: true },
      reason: `gave up after ${attempts} attempts: ${reason}`
    })
  await note(going, { calling: false, doubtful: lot.doubtful, reason })
  return { kind: 'wait', until: later(work, afterMs ?? work.policy.intervalMs) }
}
