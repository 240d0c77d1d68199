import { type SQL, sql } from 'drizzle-orm'
import type { Executor } from './connect.ts'
import type { Work } from './conversations.ts'
import { DUE } from './ownership.ts'
import { conversations, registrations } from './schema.ts'

const HOST = { send: 'sending_host', tell: 'telling_host' } as const satisfies Record<Work, string>

export interface Wanted {
  registrationId: number
  free: number
}

/**
 * The conversations whose head is due, the longest due first, so many of each
 * registration as it wants. `blocked`: what keeps a registration `r` from being
 * worked on. Those in hand are left out.
 */
export async function dueConversations(
  tx: Executor,
  work: Work,
  host: string,
  wants: readonly Wanted[],
  inHand: readonly number[],
  now: Date,
  blocked: SQL
): Promise<number[]> {
  if (wants.length === 0) return []
  const due = sql.identifier(DUE[work])
  const { rows } = await tx.execute<{ id: string }>(sql`
    select head.id
    from json_to_recordset(${JSON.stringify(wants)}::json) as want("registrationId" bigint, free int)
    join ${registrations} r on r.id = want."registrationId" and r.${sql.identifier(HOST[work])} = ${host} and not ${blocked}
    cross join lateral (
      select id from ${conversations}
      where registration_id = r.id and ${due} <= ${now.toISOString()}::timestamptz and id <> all(${bigints(inHand)})
      order by ${due}
      limit want.free
    ) head`)
  return rows.map(({ id }) => Number(id))
}

/** When an item `i` of a conversation `c` may be done: where an account may not write to a contact all the time, not before that. */
const ITEM_DUE = { send: sql`greatest(i.due_at, c.paced_until)`, tell: sql`i.due_at` } as const satisfies Record<
  Work,
  SQL
>

/** Writes down anew when the head of each conversation is due. The caller has locked them. `open`: what makes an item `i` one to be done. */
export async function refreshDue(
  tx: Executor,
  work: Work,
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

/** A list of ids as one parameter. */
export const bigints = (ids: readonly number[]) =>
  sql`array(select json_array_elements_text(${JSON.stringify(ids)}::json)::bigint)`
