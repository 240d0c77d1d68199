import { and, inArray, isNotNull, lt, sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { type LotState, lots } from '../postgres/schema/lots.ts'
import { type Retention, retentionCrons } from '../queue/retention-schedule.ts'

/** Lots that have ended. With a lot goes the memory of how its messages left; the messages themselves stay. */

export type EndedLots = Partial<Record<LotState, number>>

/** Few enough, each with its thousands of items, that nothing is held up. */
const BATCH = 20

const endedBefore = (before: Date) => and(isNotNull(lots.endedAt), lt(lots.endedAt, before))

export async function countEndedLots({ db }: Pick<Database, 'db'>, before: Date): Promise<EndedLots> {
  const rows = await db
    .select({ state: lots.state, number: sql<number>`count(*)::int` })
    .from(lots)
    .where(endedBefore(before))
    .groupBy(lots.state)
  return Object.fromEntries(rows.map(({ state, number }) => [state, number]))
}

export async function removeEndedLots(
  { db }: Pick<Database, 'db'>,
  before: Date,
  { interrupted, removed = () => {} }: { interrupted: AbortSignal; removed?: (lots: number) => void }
): Promise<EndedLots> {
  const counts: EndedLots = {}
  for (let gone = 0; ; removed(gone)) {
    interrupted.throwIfAborted()
    const batch = db.select({ id: lots.id }).from(lots).where(endedBefore(before)).limit(BATCH)
    const rows = await db.delete(lots).where(inArray(lots.id, batch)).returning({ state: lots.state })
    for (const { state } of rows) counts[state] = (counts[state] ?? 0) + 1
    gone += rows.length
    if (rows.length < BATCH) return counts
  }
}

/** As long after their end as messages go. */
export const lotCrons = ({ database, ...how }: Retention & { database: Pick<Database, 'db'> }) =>
  retentionCrons(how, {
    name: 'retention of lots',
    pattern: '27 * * * *',
    what: 'lots that were over for long enough',
    remove: (before, interrupted) => removeEndedLots(database, before, { interrupted })
  })
