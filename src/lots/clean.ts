import { and, inArray, isNotNull, lt, sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { lots } from '../postgres/schema/lots.ts'
import { type Retention, retentionCrons } from '../queue/retention-schedule.ts'
import type { LotState } from './lot-state.ts'

/** Retention of lots that have ended. Chunks and items go with their lot; the messages stay. */

export type LotCounts = Partial<Record<LotState, number>>

/** Lots of one transaction, each with thousands of items: so few that no other transaction waits long. */
const BATCH = 20

const endedBefore = (before: Date) => and(isNotNull(lots.endedAt), lt(lots.endedAt, before))

export async function countEndedLots({ db }: Pick<Database, 'db'>, before: Date): Promise<LotCounts> {
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
): Promise<LotCounts> {
  const counts: LotCounts = {}
  for (let total = 0; ; removed(total)) {
    interrupted.throwIfAborted()
    const batch = db.select({ id: lots.id }).from(lots).where(endedBefore(before)).limit(BATCH)
    const rows = await db.delete(lots).where(inArray(lots.id, batch)).returning({ state: lots.state })
    for (const { state } of rows) counts[state] = (counts[state] ?? 0) + 1
    total += rows.length
    if (rows.length < BATCH) return counts
  }
}

/** Lots are kept for as long as messages, from their end on. */
export const lotCrons = ({ database, ...how }: Retention & { database: Pick<Database, 'db'> }) =>
  retentionCrons(how, {
    name: 'retention of lots',
    pattern: '27 * * * *',
    what: 'lots that were over for long enough',
    remove: (before, interrupted) => removeEndedLots(database, before, { interrupted })
  })
