import { and, asc, between, eq, sql } from 'drizzle-orm'
import type { LotOutcomes } from '../../channels/contract.ts'
import type { Executor } from '../../postgres/connect.ts'
import { sanitize } from '../../postgres/sanitize-text.ts'
import { type LotCode, lotChunks, lotItems } from '../../postgres/schema/lots.ts'
import { addToLot } from '../call-gateway.ts'
import { writeLot } from '../claim.ts'
import { endUnwanted, settleItems, type Verdict } from '../settle.ts'
import { after, endLot, INTERRUPTED, NEXT, pauseRegistration, type ReadyLot, type Step, saveLot } from '../step.ts'
import { traceItems } from '../trace-items.ts'

/** Adds the chunks of a lot to it at the gateway, one after the other. */

type Chunk = typeof lotChunks.$inferSelect

export async function sending(readyLot: ReadyLot): Promise<Step> {
  const { work, lot } = readyLot
  const [chunk] = await work.database.db
    .select()
    .from(lotChunks)
    .where(and(eq(lotChunks.lotId, lot.id), eq(lotChunks.settled, false)))
    .orderBy(sql`${lotChunks.state} = 'queued'`, sql`${await direction(readyLot)} * ${lotChunks.firstItem}`)
    .limit(1)
  if (!chunk) return chunksSettled(readyLot)
  if (chunk.state === 'queued' || chunk.state === 'inflight') return addChunk(readyLot, chunk)

  await settleItems(work, lot, { ...verdictOf(chunk, lot), range: chunk })
  await writeChunk(readyLot, chunk, { settled: true })
  return NEXT
}

/**
 * 1: chunks go in the order of their messages. After
 * SUSPICIOUS_REJECTIONS and no success, every second chunk (-1) comes from the
 * end of the lot, so that rejections sample all of it, and not one badly written
 * part of a list.
 */
async function direction({ work: { database }, lot }: ReadyLot): Promise<1 | -1> {
  const rejections = await database.db.$count(lotChunks, inLot(lot.id, 'rejected'))
  if (rejections < SUSPICIOUS_REJECTIONS || rejections % 2 === 0) return 1
  return (await database.db.$count(lotChunks, inLot(lot.id, 'accepted'))) > 0 ? 1 : -1
}

const SUSPICIOUS_REJECTIONS = 10

const inLot = (lot: number, state: Chunk['state']) => and(eq(lotChunks.lotId, lot), eq(lotChunks.state, state))

function verdictOf({ state, reason }: Chunk, { ref, cost }: ReadyLot['lot']): Verdict {
  if (state === 'accepted') return { kind: 'accepted', ref: ref ?? '', cost }
  return state === 'unknown'
    ? { kind: 'unknown', reason: `uncertain: it may have been sent (${reason})` }
    : { kind: state === 'failed' ? 'failed' : 'rejected', reason: reason ?? '' }
}

/** All chunks are settled: a lot with something in it has to be closed. */
async function chunksSettled(readyLot: ReadyLot): Promise<Step> {
  const { work, lot } = readyLot
  const { rows } = await work.database.db.execute<{ state: string; reason: string | null }>(
    sql`select distinct on (state) state, reason from ${lotChunks} where lot_id = ${lot.id} order by state, first_item`
  )
  const reasons = new Map(rows.map(({ state, reason }) => [state, reason]))
  if (reasons.has('accepted')) {
    await saveLot(readyLot, { state: 'finishing', attempts: 0, doubtful: false, reason: null })
    return NEXT
  }
  // All contacts of the lot have been erased.
  if (reasons.size === 0) return endLot(readyLot, { state: 'finished', reason: null })
  if (reasons.has('unknown'))
    return endLot(readyLot, {
      state: 'unknown',
      step: 'sending',
      reason: reasons.get('unknown') ?? null,
      retryable: true
    })
  const failed = reasons.get('failed')
  if (failed !== undefined)
    return endLot(readyLot, {
      state: 'failed',
      code: lot.code ?? 'unreachable',
      step: 'sending',
      reason: failed,
      retryable: true
    })
  return endLot(readyLot, {
    state: 'failed',
    code: 'rejected',
    step: 'sending',
    reason: reasons.get('rejected') ?? null
  })
}

async function addChunk(readyLot: ReadyLot, chunk: Chunk): Promise<Step> {
  const { work, lot, target, deadline } = readyLot
  if (chunk.attempts === 0 && chunk.state === 'queued') await endUnwanted(work, lot, chunk)
  const items = await itemsOf(readyLot, chunk)
  if (items.length === 0) {
    await work.database.db.delete(lotChunks).where(eq(lotChunks.id, chunk.id))
    return NEXT
  }
  const attempts = chunk.attempts + 1
  if (chunk.state === 'queued') await writeChunk(readyLot, chunk, { state: 'inflight', attempts })
  const from = work.now()
  const open = { ...lot, id: String(lot.id), key: lot.key.value, ref: lot.ref ?? '' }
  const outcome: LotOutcomes['add'] =
    chunk.state === 'inflight'
      ? { kind: 'unknown', reason: INTERRUPTED }
      : await addToLot(
          target,
          open,
          items.map(({ item }) => item),
          deadline
        )
  const call = { from, until: work.now(), attempt: attempts, outcome: outcome.kind }
  const step = await applyOutcome(readyLot, { ...chunk, attempts }, items, outcome)
  // Once the outcome is saved: a trace that cannot be written must not leave the chunk in doubt.
  if (chunk.state === 'queued') await traceItems(readyLot, items, call).catch(() => {})
  return step
}

interface Item {
  id: number
  item: unknown
}

const itemsOf = ({ work, lot }: ReadyLot, { firstItem, lastItem }: Chunk): Promise<Item[]> =>
  work.database.db
    .select({ id: lotItems.id, item: lotItems.item })
    .from(lotItems)
    .where(and(eq(lotItems.lotId, lot.id), between(lotItems.id, firstItem, lastItem), eq(lotItems.state, 'waiting')))
    .orderBy(asc(lotItems.id))

async function applyOutcome(
  readyLot: ReadyLot,
  chunk: Chunk,
  items: readonly Item[],
  outcome: LotOutcomes['add']
): Promise<Step> {
  switch (outcome.kind) {
    case 'added':
      await writeChunk(readyLot, chunk, { state: 'accepted', reason: null })
      return NEXT
    case 'rejected':
      if (items.length > 1) await splitChunk(readyLot, chunk, items, outcome.reason)
      else await rejectItem(readyLot, chunk, sanitize(outcome.reason))
      return NEXT
    case 'refused':
      await failOpenChunks(readyLot, sanitize(outcome.reason))
      return NEXT
    case 'throttled':
      await writeChunk(readyLot, chunk, { state: 'queued', attempts: chunk.attempts - 1 })
      return pauseRegistration(readyLot, outcome)
    case 'retry':
      return retryChunk(readyLot, chunk, outcome.reason, false, outcome.afterMs)
    case 'unknown':
      if (readyLot.target.retryUnknown) return retryChunk(readyLot, chunk, outcome.reason, true)
      await writeChunk(readyLot, chunk, { state: 'unknown', reason: sanitize(outcome.reason) })
      return NEXT
  }
}

// Chunks are written only together with their lot, in one transaction, so that a host that has lost its claim cannot.

/** Queues the chunk for one more attempt, unless this was the last. */
async function retryChunk(
  readyLot: ReadyLot,
  chunk: Chunk,
  rawReason: string,
  doubtful: boolean,
  afterMs?: number
): Promise<Step> {
  const { work, lot } = readyLot
  const reason = sanitize(rawReason)
  if (chunk.attempts >= work.policy.attempts) {
    const gaveUp = `gave up after ${chunk.attempts} attempts: ${reason}`
    await writeChunk(readyLot, chunk, { state: doubtful ? 'unknown' : 'failed', reason: gaveUp })
    return NEXT
  }
  await work.database.db.transaction(async tx => {
    await writeLot(tx, lot, { doubtful, reason })
    await tx.update(lotChunks).set({ state: 'queued', reason }).where(eq(lotChunks.id, chunk.id))
  })
  return { kind: 'wait', until: after(work, afterMs ?? work.policy.intervalMs) }
}

/** A gateway does not say which items are bad, so each half is tried. */
const splitChunk = (
  { work, lot }: ReadyLot,
  chunk: Chunk,
  items: readonly { id: number }[],
  reason: string
): Promise<void> =>
  work.database.db.transaction(async tx => {
    await writeLot(tx, lot, { reason: sanitize(reason) })
    const [lastOfFirst, firstOfSecond] = [items[Math.ceil(items.length / 2) - 1], items[Math.ceil(items.length / 2)]]
    if (!lastOfFirst || !firstOfSecond) return
    const queued = { state: 'queued' as const, attempts: 0, reason: sanitize(reason) }
    await tx
      .update(lotChunks)
      .set({ ...queued, lastItem: lastOfFirst.id })
      .where(eq(lotChunks.id, chunk.id))
    await tx
      .insert(lotChunks)
      .values({ ...queued, lotId: lot.id, firstItem: firstOfSecond.id, lastItem: chunk.lastItem })
  })

/** The gateway takes nothing more into this lot; chunks that it has accepted stay in it. */
const failOpenChunks = (readyLot: ReadyLot, reason: string): Promise<void> =>
  readyLot.work.database.db.transaction(tx => failUntried(tx, readyLot, 'refused', reason))

async function failUntried(tx: Executor, { lot }: ReadyLot, code: LotCode, reason: string): Promise<void> {
  await writeLot(tx, lot, { code, reason })
  await tx
    .update(lotChunks)
    .set({ state: 'failed', reason })
    .where(and(eq(lotChunks.lotId, lot.id), sql`${lotChunks.state} in ('queued', 'inflight')`))
}

/**
 * Items from both ends of a lot that the gateway has rejected one by one, for one
 * reason and with none accepted, until the lot is given up: all items seem to
 * share the cause, such as a setting. To try five thousand items one by one would
 * take ten thousand calls.
 */
const GIVE_UP_REJECTIONS = 50

/** Rejects an item that was tried alone. In a lot that is given up, untried items fail, and may be replayed. */
const rejectItem = (readyLot: ReadyLot, chunk: Chunk, reason: string): Promise<void> =>
  readyLot.work.database.db.transaction(async tx => {
    await writeLot(tx, readyLot.lot, { doubtful: false })
    await tx.update(lotChunks).set({ state: 'rejected', reason }).where(eq(lotChunks.id, chunk.id))
    const { rows } = await tx.execute<{ hopeless: boolean }>(sql`
      select count(*) filter (where state = 'rejected' and reason = ${reason}) >= ${GIVE_UP_REJECTIONS}
        and count(*) filter (where state in ('accepted', 'unknown') or (state = 'rejected' and reason <> ${reason})) = 0 hopeless
      from ${lotChunks} where lot_id = ${readyLot.lot.id}`)
    if (rows[0]?.hopeless)
      await failUntried(
        tx,
        readyLot,
        'rejected',
        `not tried, since ${GIVE_UP_REJECTIONS} from its beginning and its end were refused: ${reason}`
      )
  })

/** Throws as `writeLot` does. */
const writeChunk = ({ work, lot }: ReadyLot, { id }: Chunk, changes: Partial<Chunk>): Promise<void> =>
  work.database.db.transaction(async tx => {
    await writeLot(tx, lot, { doubtful: false })
    await tx.update(lotChunks).set(changes).where(eq(lotChunks.id, id))
  })
