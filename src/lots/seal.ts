import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { lots } from '../postgres/schema/lots.ts'
import { addJob } from '../queue/jobs.ts'

/**
 * Closes a lot to further messages. Whoever collects has the lot's row locked,
 * so what is in it is in it, and what is not finds no open lot and makes one.
 */
export async function seal(tx: Executor, lot: number, now: Date): Promise<boolean> {
  const { rowCount } = await tx.execute(sql`
    update ${lots} set state = 'sealed', sealed_at = ${now.toISOString()}::timestamptz
    where id = ${lot} and state = 'collecting'`)
  return rowCount !== 0
}

/**
 * Has a host look at a lot, at that time. The jobs of a lot have no key: one of
 * the same key would take from a job under way that it is run again when its
 * host dies. One too many finds the lot in hand, or not due.
 */
export const goOn = (tx: Executor, lot: number, at: Date) => addJob(tx, 'lot', { lot }, { at })

/** Has a host go on with a lot now, whatever it waits for. */
export async function goOnNow(tx: Executor, lot: number, now: Date): Promise<void> {
  await tx.execute(sql`update ${lots} set due_at = null where id = ${lot}`)
  await goOn(tx, lot, now)
}

/** What a lot waits for may have been mended: all of a registration that have begun to leave go on now. */
export async function resumeLots(tx: Executor, registrationId: number): Promise<void> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    update ${lots} set due_at = null
    where registration_id = ${registrationId} and ended_at is null and state <> 'collecting' and due_at is not null
    returning id`)
  for (const { id } of rows) await addJob(tx, 'lot', { lot: Number(id) })
}
