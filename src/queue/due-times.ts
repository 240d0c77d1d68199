import { type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { conversations } from '../postgres/schema/schema.ts'
import { DUE } from './claims.ts'
import type { WorkKind } from './conversations.ts'

/** When an item `i` of a conversation `c` may be done: where an account may not write to a contact all the time, not before that. */
const ITEM_DUE = { send: sql`greatest(i.due_at, c.paced_until)`, tell: sql`i.due_at` } as const satisfies Record<
  WorkKind,
  SQL
>

/** Writes down anew when the head of each conversation is due. The caller has locked them. `open`: what makes an item `i` one to be done. */
export async function refreshDue(
  tx: Executor,
  work: WorkKind,
  ids: readonly number[],
  items: SQL,
  open: SQL
): Promise<void> {
  if (ids.length === 0) return
  await tx.execute(sql`
    update ${conversations} c set ${sql.identifier(DUE[work])} = (
      select ${ITEM_DUE[work]} from ${items} i where i.conversation_id = c.id and ${open} order by i.id limit 1
    ) where c.id = any(${bigints(ids)})`)
}
