import { and, eq, isNull, ne, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { lots } from '../postgres/schema/lots.ts'
import { hosts, registrations } from '../postgres/schema/schema.ts'
import { PAUSED_UNTIL } from '../queue/conversations.ts'
import { goOn } from './seal.ts'

/**
 * Which host works on a lot. Whoever has it alone may write to it: one that was
 * taken for dead, and is not, finds that its words are not taken any more.
 */

export type LotRow = typeof lots.$inferSelect

/** Whether this host has it now: not if it has ended, waits for its time, or is a living host's. By the clock of the jobs. */
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

/** It got through a step, so what hosts died of, if any did, was something else. */
export const forgetDeaths = async ({ db }: Pick<Database, 'db'>, id: number, host: string): Promise<void> =>
  void (await db
    .update(lots)
    .set({ deaths: 0 })
    .where(and(eq(lots.id, id), eq(lots.host, host))))

/** Whether another host has it. */
export const isElsewhere = async ({ db }: Pick<Database, 'db'>, id: number, host: string): Promise<boolean> =>
  (await db.$count(lots, and(eq(lots.id, id), isNull(lots.endedAt), ne(lots.host, host)))) > 0

/** The lot as it is now, if it is this host's and has not ended. `pausedUntil`: its account may not go on before. */
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

/** Leaves the lot to whoever comes at that time. */
export const releaseLot = ({ db }: Pick<Database, 'db'>, id: number, host: string, at: Date): Promise<void> =>
  db.transaction(async tx => {
    const released = await tx
      .update(lots)
      .set({ host: null, dueAt: at })
      .where(and(eq(lots.id, id), eq(lots.host, host), isNull(lots.endedAt)))
      .returning({ id: lots.id })
    if (released.length > 0) await goOn(tx, id, at)
  })

/** Gives up what went wrong in the midst, whether the lot was this host's by then or not. */
export const giveBack = ({ db }: Pick<Database, 'db'>, id: number, host: string, at: Date): Promise<void> =>
  db.transaction(async tx => {
    await tx
      .update(lots)
      .set({ host: null })
      .where(and(eq(lots.id, id), eq(lots.host, host), isNull(lots.endedAt)))
    await goOn(tx, id, at)
  })

export type Changes = Partial<Omit<typeof lots.$inferInsert, 'id'>>

/** Writes to a lot that is this host's; throws when it is not any more, so that the caller's transaction is undone. */
export async function writeLot(
  tx: Executor,
  { id, host }: Pick<LotRow, 'id' | 'host'>,
  changes: Changes
): Promise<void> {
  const written = await tx
    .update(lots)
    .set(changes)
    .where(and(eq(lots.id, id), eq(lots.host, host ?? '')))
    .returning({ id: lots.id })
  if (written.length === 0) throw new Error('another host has taken the lot over')
}
