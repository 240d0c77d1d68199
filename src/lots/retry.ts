import { and, asc, eq, gt, inArray, lt, type SQL, sql } from 'drizzle-orm'
import { FAILED } from '../messages/replay.ts'
import type { Database } from '../postgres/connect.ts'
import { lotItems, lots } from '../postgres/schema/lots.ts'
import { messages } from '../postgres/schema/schema.ts'

/** Which messages of lots an operator may have sent once more. They come into new lots, as any message does. */
export interface WantedRetry {
  /** All of its messages that failed; of other lots those whose end another try may change. */
  lotId?: number | undefined
  registrationId?: number | undefined
  /** One that was replayed so often is left. */
  maxRetries: number
}

/** A message that the gateway refused by itself is refused again. */
const WORTH = ['failed', 'unknown', 'cancelled'] as const

const failedIn = ({ lotId, registrationId, maxRetries }: WantedRetry): SQL | undefined =>
  and(
    FAILED,
    lt(messages.replays, maxRetries),
    lotId === undefined ? and(eq(lots.retryable, true), inArray(lotItems.state, [...WORTH])) : eq(lots.id, lotId),
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

/** In batches, the oldest first. One that fails anew meanwhile is not met twice. */
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
    const end = rows.at(-1)
    if (!end) return
    last = end.id
    yield rows.map(({ id }) => id)
  }
}
