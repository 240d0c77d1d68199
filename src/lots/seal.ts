import { sql } from 'drizzle-orm'
import type { Executor } from '../database/connect.ts'
import { addJob } from '../database/jobs.ts'
import { lots } from '../database/lot-tables.ts'

/**
 * Closes a lot to further messages. Whoever collects has the lot's row locked,
 * so what is in it is in it, and what is not finds no open lot and makes one.
 */
export async function seal(tx: Executor, lot: number, now: Date): Promise<boolean> {
  const { rowCount } = await tx.execute(sql`
    update ${lots} set state = 'sealed', sealed_at = ${now.toISOString()}::timestamptz
    where id = ${lot} and state = 'collecting'`)
  if (rowCount === 0) return false
  await goOn(tx, lot, now)
  return true
}

/** Has a host work on a lot, at that time. */
export const goOn = (tx: Executor, lot: number, at: Date) => addJob(tx, 'lot', { lot }, { at, key: `lot ${lot}` })
