import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { messages } from '../postgres/schema/schema.ts'
import { NEVER_DUE } from '../queue/claims.ts'

/** A message that waits for one before it, which is in another lot, is let go when that one is settled. */

/** Lets the messages of these conversations go on, which are locked. Answers whether there were any. */
export async function letGoHeld(tx: Executor, conversationIds: readonly number[], now: Date): Promise<boolean> {
  const { rowCount } = await tx.execute(sql`
    update ${messages} set due_at = ${now.toISOString()}::timestamptz
    where conversation_id = any(${bigints(conversationIds)}) and state = 'waiting'
      and due_at >= ${NEVER_DUE.toISOString()}::timestamptz`)
  return (rowCount ?? 0) > 0
}
