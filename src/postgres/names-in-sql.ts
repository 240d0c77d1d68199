import { type Column, sql, type Table } from 'drizzle-orm'
import type { Executor } from './connect.ts'
import type { messages } from './schema/messages.ts'
import type { outbox } from './schema/outbox.ts'

/** Names that gateways give are names within a conversation: some count per chat. */

interface Owned {
  registrationId: number
  conversationId: number
}

type Rows = typeof messages | typeof outbox

/**
 * The rows, of those not stored for their name, whose name another conversation
 * of the registration has; the rest are there already. `column` and `nameOf`: the
 * name in the table and in a row.
 */
export async function namedElsewhere<Row extends Owned>(
  tx: Executor,
  rows: readonly Row[],
  { table, column, nameOf }: { table: Rows & Table; column: Column; nameOf: (row: Row) => string }
): Promise<Row[]> {
  if (rows.length === 0) return []
  const given = rows.map((row, n) => ({
    n,
    registration: row.registrationId,
    conversation: row.conversationId,
    name: nameOf(row)
  }))
  const { rows: found } = await tx.execute<{ n: number }>(sql`
    select distinct given.n from json_to_recordset(${JSON.stringify(given)}::json)
      as given(n int, registration bigint, conversation bigint, name text)
    join ${table} on ${table.registrationId} = given.registration and ${column} = given.name
    where ${table.conversationId} <> given.conversation`)
  const numbers = new Set(found.map(({ n }) => n))
  return rows.filter((_, index) => numbers.has(index))
}

/** The name of such a row: the shorter one comes first, since most gateways count for the account. */
export const nameIn = (name: string, { conversationId }: Owned): string => `${name} in ${conversationId}`
