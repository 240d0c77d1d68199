import { setTimeout as delay } from 'node:timers/promises'
import { and, asc, isNotNull, isNull, lte, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database, Executor } from '../postgres/connect.ts'
import { messages } from '../postgres/schema/messages.ts'
import { END_BATCH, ENDABLE, endWaitingIn } from './end-waiting.ts'

/**
 * Expiry: messages that were not begun by their `expiresAt` end as failed, by the clock of the database. A message that a
 * host has in hand, or that is in a lot, was begun in time.
 */

/** Interval of sweeps. A cron of graphile-worker runs once a minute at most. */
const SWEEP_EVERY_MS = 2_000

const EXPIRED = and(
  // As the index of what expires has it.
  isNotNull(messages.expiresAt),
  isNull(messages.settledAt),
  lte(messages.expiresAt, sql`now()`),
  ENDABLE
)

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
  log: Pick<FastifyBaseLogger, 'info' | 'error'>
}

/** Sweeps until it is stopped. */
export function startExpiry({ database: { db }, now, log }: Deps) {
  const over = new AbortController()

  async function sweep(): Promise<void> {
    let ended = 0
    try {
      for (let more = true; more && !over.signal.aborted; ) {
        const batch = await db.transaction(tx => endExpired(tx, now()))
        ended += batch.ended
        more = batch.ended > 0 && batch.found === END_BATCH
      }
    } catch (error) {
      log.error({ event: 'expiry.failed', err: error }, 'messages that are expired could not be ended; tried again')
    }
    if (ended > 0) log.info({ event: 'expiry.ended', messages: ended }, 'messages expired before they were sent')
  }

  const sweeping = (async () => {
    while (!over.signal.aborted) {
      await sweep()
      await delay(SWEEP_EVERY_MS, undefined, { signal: over.signal }).catch(() => {})
    }
  })()

  return {
    async stop(): Promise<void> {
      over.abort()
      await sweeping
    }
  }
}

/** Ends a batch, the longest expired first. Hosts that sweep at the same time leave it to the first of them. */
async function endExpired(tx: Executor, now: Date): Promise<{ found: number; ended: number }> {
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
  const ended = ids.length === 0 ? 0 : await endWaitingIn(tx, ids, { reason: 'expired', now })
  return { found: ids.length, ended }
}
