import { and, asc, inArray, isNotNull, isNull, lt } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { events } from '../postgres/schema/events.ts'
import { type Retention, retentionCrons } from '../queue/retention-schedule.ts'

/** The end of events. */

/** Few enough that a batch takes moments. */
const BATCH = 5_000

/**
 * Removes events from before the limit: those in the feed, and those that nobody has read. Both are about in the order
 * of their times, so the first batch with a young one ends the search, and no index by time is paid for.
 */
export async function removeEvents(
  { db }: Pick<Database, 'db'>,
  before: Date,
  interrupted: AbortSignal
): Promise<number> {
  let count = 0
  for (const [column, which] of [
    [events.position, isNotNull(events.position)],
    [events.id, isNull(events.position)]
  ] as const)
    for (;;) {
      interrupted.throwIfAborted()
      const oldest = await db
        .select({ key: column, at: events.at })
        .from(events)
        .where(which)
        .orderBy(asc(column))
        .limit(BATCH)
      const old = oldest.filter(({ at }) => at < before).map(({ key }) => key as number)
      if (old.length > 0) {
        const { rowCount } = await db.delete(events).where(and(which, inArray(column, old), lt(events.at, before)))
        count += rowCount ?? 0
      }
      if (old.length < BATCH) break
    }
  return count
}

export const countOldEvents = ({ db }: Pick<Database, 'db'>, before: Date): Promise<number> =>
  db.$count(events, lt(events.at, before))

/** Where none is written any more, what is left goes with the next run. */
export const eventCrons = ({ database, keepMs, ...how }: Retention & { database: Pick<Database, 'db'> }) =>
  retentionCrons(
    { ...how, keepMs: keepMs || 1 },
    {
      name: 'retention of events',
      pattern: '47 * * * *',
      what: 'old events',
      remove: async (before, interrupted) => ({ events: await removeEvents(database, before, interrupted) })
    }
  )
