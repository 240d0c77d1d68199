import { and, asc, isNotNull, isNull, lte, sql } from 'drizzle-orm'
import type { Meter } from '../metrics/meter.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { messages } from '../postgres/schema/messages.ts'
import { END_BATCH, ENDABLE, endWaitingIn } from './end-waiting.ts'

/**
 * Expiry: messages that were not begun by their `expiresAt` end as failed, by the clock of the database. A message that a
 * host has in hand, or that is in a lot, was begun in time.
 */

const EXPIRED = and(
  // As the index of what expires has it.
  isNotNull(messages.expiresAt),
  isNull(messages.settledAt),
  lte(messages.expiresAt, sql`now()`),
  ENDABLE
)

/** Ends all that is expired, batch by batch, until that is enough. Answers how many. */
export async function endExpired(
  db: Database['db'],
  { now, enough, meter }: { now: () => Date; enough: AbortSignal; meter?: Meter | undefined }
): Promise<number> {
  let ended = 0
  for (let more = true; more && !enough.aborted; ) {
    const batch = await db.transaction(tx => endBatch(tx, now(), meter))
    ended += batch.ended
    more = batch.ended > 0 && batch.found === END_BATCH
  }
  return ended
}

/** Ends a batch, the longest expired first. Hosts that sweep at the same time leave it to the first of them. */
async function endBatch(tx: Executor, now: Date, meter: Meter | undefined): Promise<{ found: number; ended: number }> {
  const { rows } = await tx.execute<{ alone: boolean }>(
    sql`select pg_try_advisory_xact_lock(hashtext('messages.expiry')) alone`
  )
  if (!rows[0]?.alone) return { found: 0, ended: 0 }
  const expired = await tx
    .select({ id: messages.id })
    .from(messages)
    .where(EXPIRED)
    .orderBy(asc(messages.expiresAt))
    .limit(END_BATCH)
  const ids = expired.map(({ id }) => id)
  const ended = ids.length === 0 ? 0 : await endWaitingIn(tx, ids, { reason: 'expired', now, meter })
  return { found: ids.length, ended }
}
