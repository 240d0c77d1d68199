import { and, eq, isNull, ne, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { hosts } from '../postgres/schema/hosts.ts'
import { lots } from '../postgres/schema/lots.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { PAUSED_UNTIL } from '../queue/locks.ts'
import { scheduleLot } from './schedule.ts'

/**
 * Claims of lots. Only the host that has claimed a lot may write to it, so a host
 * that was taken for dead, and lives, cannot write once another has claimed it.
 */

export type LotRow = typeof lots.$inferSelect

/**
 * Claims a lot, and answers whether it did: not if the lot has ended, is not due, or a living host has claimed it.
 * Due by the clock of the database, as the jobs are.
 */
export async function claimLot({ db }: Pick<Database, 'db'>, id: number, host: string): Promise<boolean> {
  const free = sql`(${lots.host} is null or ${lots.host} = ${host} or not exists (select from ${hosts} where ${hosts.id} = ${lots.host}))`
  const due = sql`(${lots.dueAt} is null or ${lots.dueAt} <= now() + interval '1 second')`
  const claimed = await db
    .update(lots)
    .set({
      host,
      dueAt: null,
      deaths: sql`case when ${lots.host} is distinct from ${host} and ${lots.host} is not null then ${lots.deaths} + 1 else ${lots.deaths} end`
    })
    .where(and(eq(lots.id, id), isNull(lots.endedAt), due, free))
    .returning({ id: lots.id })
  return claimed.length > 0
}

/** A step went through, so hosts did not die of this lot. */
export const forgetDeaths = async ({ db }: Pick<Database, 'db'>, id: number, host: string): Promise<void> =>
  void (await db
    .update(lots)
    .set({ deaths: 0 })
    .where(and(eq(lots.id, id), eq(lots.host, host))))

/** True: another host has claimed the lot. */
export const isElsewhere = async ({ db }: Pick<Database, 'db'>, id: number, host: string): Promise<boolean> =>
  (await db.$count(lots, and(eq(lots.id, id), isNull(lots.endedAt), ne(lots.host, host)))) > 0

/** The lot as it is now, if this host has claimed it and it has not ended. `pausedUntil`: of its registration. */
export async function readLot(
  { db }: Pick<Database, 'db'>,
  id: number,
  host: string
): Promise<{ lot: LotRow; pausedUntil: Date | null } | undefined> {
  const [row] = await db
    .select({ lot: lots, pausedUntil: PAUSED_UNTIL })
    .from(lots)
    .innerJoin(registrations, eq(registrations.id, lots.registrationId))
    .where(and(eq(lots.id, id), eq(lots.host, host), isNull(lots.endedAt)))
  return row
}

/** Releases a lot, due at that time. */
export const releaseLot = ({ db }: Pick<Database, 'db'>, id: number, host: string, at: Date): Promise<void> =>
  db.transaction(async tx => {
    const released = await tx
      .update(lots)
      .set({ host: null, dueAt: at })
      .where(and(eq(lots.id, id), eq(lots.host, host), isNull(lots.endedAt)))
      .returning({ id: lots.id })
    if (released.length > 0) await scheduleLot(tx, id, at)
  })

/** Releases a lot after a step that failed, when it is not known whether this host still has the claim. */
export const giveBack = ({ db }: Pick<Database, 'db'>, id: number, host: string, at: Date): Promise<void> =>
  db.transaction(async tx => {
    await tx
      .update(lots)
      .set({ host: null })
      .where(and(eq(lots.id, id), eq(lots.host, host), isNull(lots.endedAt)))
    await scheduleLot(tx, id, at)
  })

export type LotChanges = Partial<Omit<typeof lots.$inferInsert, 'id'>>

/** Writes to a lot; throws when another host has claimed it, so that the caller's transaction is undone. */
export async function writeLot(
  tx: Executor,
  { id, host }: Pick<LotRow, 'id' | 'host'>,
  changes: LotChanges
): Promise<void> {
  const written = await tx
    .update(lots)
    .set(changes)
    .where(and(eq(lots.id, id), eq(lots.host, host ?? '')))
    .returning({ id: lots.id })
  if (written.length === 0) throw new Error('another host has claimed the lot')
}
