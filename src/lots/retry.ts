import { and, asc, eq, gt, inArray, lt, type SQL, sql } from 'drizzle-orm'
import { REPLAYABLE } from '../messages/replay.ts'
import type { Database } from '../postgres/connect.ts'
import { lotItems, lots } from '../postgres/schema/lots.ts'
import { messages } from '../postgres/schema/messages.ts'

/** Retries: failed messages of lots, replayed by an operator or a client, and collected into new lots as any message is. */

export interface WantedRetry {
  /** All failed messages of this lot. Without it: of lots that are retryable, those that another attempt may change. */
  lotId?: number | undefined
  registrationId?: number | undefined
  /** Messages that were replayed so often are left alone. */
  maxRetries: number
}

/** Not `rejected`: the gateway refused that message by itself, and would again. */
const RETRYABLE = ['failed', 'unknown', 'cancelled'] as const

const failedIn = ({ lotId, registrationId, maxRetries }: WantedRetry): SQL | undefined =>
  and(
    REPLAYABLE,
    lt(messages.replays, maxRetries),
    lotId === undefined ? and(eq(lots.retryable, true), inArray(lotItems.state, [...RETRYABLE])) : eq(lots.id, lotId),
    registrationId === undefined ? undefined : eq(lots.registrationId, registrationId),
    sql`${lots.endedAt} is not null`
  )

export async function countRetries({ db }: Pick<Database, 'db'>, wanted: WantedRetry): Promise<number> {
  const [row] = await db
    .select({ count: sql<number>`count(distinct ${messages.id})::int` })
    .from(lots)
    .innerJoin(lotItems, eq(lotItems.lotId, lots.id))
    .innerJoin(messages, eq(messages.id, lotItems.messageId))
    .where(failedIn(wanted))
  return row?.count ?? 0
}

/** In batches, the oldest first. A message that fails anew meanwhile does not come twice. */
export async function* retriesOf(
  { db }: Pick<Database, 'db'>,
  wanted: WantedRetry,
  batch: number
): AsyncGenerator<number[]> {
  for (let last = 0; ; ) {
    const rows = await db
      .select({ id: messages.id })
      .from(lots)
      .innerJoin(lotItems, eq(lotItems.lotId, lots.id))
      .innerJoin(messages, eq(messages.id, lotItems.messageId))
      .where(and(failedIn(wanted), gt(messages.id, last)))
      .groupBy(messages.id)
      .orderBy(asc(messages.id))
      .limit(batch)
    const newest = rows.at(-1)
    if (!newest) return
    last = newest.id
    yield rows.map(({ id }) => id)
  }
}
