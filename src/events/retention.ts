import { and, asc, eq, inArray, isNotNull, isNull, lt, type SQL } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { eventWebhooks } from '../postgres/schema/event-webhooks.ts'
import { events } from '../postgres/schema/events.ts'
import { type Retention, retentionCrons } from '../queue/retention-schedule.ts'
import { lockWebhooks, type PushWebhook } from '../webhook-push/claim.ts'
import { EVENT_TYPES } from './event.ts'

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
        const gone = and(which, inArray(column, old), lt(events.at, before))
        count += await db.transaction(tx =>
          removeCounted(tx, gone, column === events.position ? old.at(-1) : undefined)
        )
      }
      if (old.length < BATCH) break
    }
  return count
}

/** Removes events, and counts those that a webhook wanted and has not got. `last`: the last position of them. */
async function removeCounted(tx: Executor, which: SQL | undefined, last: number | undefined): Promise<number> {
  const behind = await lockWebhooks(tx, last === undefined ? undefined : lt(eventWebhooks.position, last))
  if (behind.length === 0) return (await tx.delete(events).where(which)).rowCount ?? 0
  const { position, registrationId, type } = events
  const gone = await tx.delete(events).where(which).returning({ position, registrationId, type })
  for (const webhook of behind) {
    const missed = gone.filter(event => isMissed(webhook, event)).length
    if (missed > 0)
      await tx
        .update(eventWebhooks)
        .set({ missed: webhook.missed + missed })
        .where(eq(eventWebhooks.id, webhook.id))
  }
  return gone.length
}

const isMissed = (
  { position: to, ahead, registrationId, types }: PushWebhook,
  event: Pick<typeof events.$inferSelect, 'position' | 'registrationId' | 'type'>
): boolean =>
  (event.position === null || (event.position > to && !ahead.includes(event.position))) &&
  (registrationId === null || registrationId === event.registrationId) &&
  (types ?? EVENT_TYPES).some(type => type === event.type)

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
