import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { lots } from '../postgres/schema/lots.ts'
import { addJob } from '../queue/jobs.ts'

/** Jobs of lots: a host takes the next steps of a lot when a job of it is due. */

/**
 * Adds a job of a lot, due at that time. Jobs of lots have no key: with a key, a
 * new job would keep the running one from being run again when its host dies. A
 * superfluous job finds the lot claimed, or not due.
 */
export const scheduleLot = (tx: Executor, lot: number, at: Date) => addJob(tx, 'lot', { lot }, { at })

/** Has a host go on with a lot now, even one that waits for a later time. */
export async function resumeLot(tx: Executor, lot: number, now: Date): Promise<void> {
  await tx.execute(sql`update ${lots} set due_at = null where id = ${lot}`)
  await scheduleLot(tx, lot, now)
}

/** Resumes the lots of a registration that have begun to leave: the pause has ended, or saved settings may have mended its cause. */
export async function resumeLots(tx: Executor, registrationId: number): Promise<void> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    update ${lots} set due_at = null
    where registration_id = ${registrationId} and ended_at is null and state <> 'collecting' and due_at is not null
    returning id`)
  for (const { id } of rows) await addJob(tx, 'lot', { lot: Number(id) })
}
