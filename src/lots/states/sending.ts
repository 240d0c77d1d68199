import { and, asc, between, eq, sql } from 'drizzle-orm'
import type { LotOutcomes } from '../../channels/contract.ts'
import { sanitize } from '../../postgres/sanitize-text.ts'
import { lotChunks, lotItems } from '../../postgres/schema/lots.ts'
import { addToLot } from '../call-gateway.ts'
import { again, blame, type Chunk, refuseAll, split, write } from '../chunk.ts'
import { settle, type Verdict } from '../settle.ts'
import { end, type Going, INTERRUPTED, note, ON, type Step, throttled } from '../step.ts'

/** Putting a lot's chunks into it, one after the other. */

export async function sending(going: Going): Promise<Step> {
  const { work, lot } = going
  const [chunk] = await work.database.db
    .select()
    .from(lotChunks)
    .where(and(eq(lotChunks.lotId, lot.id), eq(lotChunks.settled, false)))
    .orderBy(sql`${lotChunks.state} = 'queued'`, sql`${await direction(going)} * ${lotChunks.firstItem}`)
    .limit(1)
  if (!chunk) return filled(going)
  if (chunk.state === 'queued' || chunk.state === 'inflight') return put(going, chunk)

  await settle(work, lot, { ...verdictOf(chunk, lot.ref ?? ''), within: chunk })
  await write(going, chunk, { settled: true })
  return ON
}

/**
 * 1: in the order of their messages. While one after the other is refused and
 * none is taken, every second is looked for from the end, so that those that are
 * refused tell of all, and not of where a list was badly written.
 */
async function direction({ work: { database }, lot }: Going): Promise<1 | -1> {
  const refused = await database.db.$count(lotChunks, inLot(lot.id, 'rejected'))
  if (refused < SUSPICIOUS || refused % 2 === 0) return 1
  return (await database.db.$count(lotChunks, inLot(lot.id, 'accepted'))) > 0 ? 1 : -1
}

const SUSPICIOUS = 10

const inLot = (lot: number, state: Chunk['state']) => and(eq(lotChunks.lotId, lot), eq(lotChunks.state, state))

function verdictOf({ state, reason }: Chunk, ref: string): Verdict {
  if (state === 'accepted') return { kind: 'accepted', ref }
  return state === 'unknown'
    ? { kind: 'unknown', reason: `uncertain: it may have been sent (${reason})` }
    : { kind: state === 'failed' ? 'failed' : 'rejected', reason: reason ?? '' }
}

/** All chunks have had their answers: a lot with something in it has to be closed. */
async function filled(going: Going): Promise<Step> {
  const { work, lot } = going
  const { rows } = await work.database.db.execute<{ state: string; reason: string | null }>(
    sql`select distinct on (state) state, reason from ${lotChunks} where lot_id = ${lot.id} order by state, first_item`
  )
  const reasons = new Map(rows.map(({ state, reason }) => [state, reason]))
  if (reasons.has('accepted')) {
    await note(going, { state: 'finishing', attempts: 0, doubtful: false, reason: null })
    return ON
  }
  // Everybody in it has been erased.
  if (reasons.size === 0) return end(going, { state: 'finished', reason: null })
  if (reasons.has('unknown'))
    return end(going, { state: 'unknown', step: 'sending', reason: reasons.get('unknown') ?? null, retryable: true })
  const failed = reasons.get('failed')
  if (failed !== undefined)
    return end(going, {
      state: 'failed',
      code: lot.code ?? 'unreachable',
      step: 'sending',
      reason: failed,
      retryable: true
    })
  return end(going, { state: 'failed', code: 'rejected', step: 'sending', reason: reasons.get('rejected') ?? null })
}

async function put(going: Going, chunk: Chunk): Promise<Step> {
  const { work, lot, target, deadline } = going
  const items = await itemsOf(going, chunk)
  if (items.length === 0) {
    await work.database.db.delete(lotChunks).where(eq(lotChunks.id, chunk.id))
    return ON
  }
  const attempts = chunk.attempts + 1
  if (chunk.state === 'queued') await write(going, chunk, { state: 'inflight', attempts })
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
  return heed(going, { ...chunk, attempts }, items, outcome)
}

interface Item {
  id: number
  item: unknown
}

const itemsOf = ({ work, lot }: Going, { firstItem, lastItem }: Chunk): Promise<Item[]> =>
  work.database.db
    .select({ id: lotItems.id, item: lotItems.item })
    .from(lotItems)
    .where(and(eq(lotItems.lotId, lot.id), between(lotItems.id, firstItem, lastItem), eq(lotItems.state, 'waiting')))
    .orderBy(asc(lotItems.id))

async function heed(going: Going, chunk: Chunk, items: readonly Item[], outcome: LotOutcomes['add']): Promise<Step> {
  switch (outcome.kind) {
    case 'added':
      await write(going, chunk, { state: 'accepted', reason: null })
      return ON
    case 'rejected':
      if (items.length > 1) await split(going, chunk, items, outcome.reason)
      else await blame(going, chunk, sanitize(outcome.reason))
      return ON
    case 'refused':
      await refuseAll(going, sanitize(outcome.reason))
      return ON
    case 'throttled':
      await write(going, chunk, { state: 'queued', attempts: chunk.attempts - 1 })
      return throttled(going, outcome)
    case 'retry':
      return again(going, chunk, outcome.reason, false, outcome.afterMs)
    case 'unknown':
      if (going.target.retryUnknown) return again(going, chunk, outcome.reason, true)
      await write(going, chunk, { state: 'unknown', reason: sanitize(outcome.reason) })
      return ON
  }
}
