import { and, eq, inArray, sql } from 'drizzle-orm'
import type { Executor } from '../database/connect.ts'
import { type Contact, type Conversation, findConversations, keyOf } from '../database/conversations.ts'
import { aliases } from '../database/kept.ts'
import { conversations } from '../database/schema.ts'
import { numbered, waysOf } from '../protocol/contact.ts'
import type { Reported } from './known.ts'

/**
 * Contacts that gateways renamed. Their conversations go on under the name that
 * the CRM knows, and are found under all of them.
 */

interface Renamed extends Contact {
  to: string
}

const renamedOf = ({ registrationId, event }: Reported): Renamed[] =>
  event.kind === 'renamed' && event.from !== event.to ? [{ registrationId, contact: event.from, to: event.to }] : []

/**
 * Makes conversations be found under the new names too, unless such a name has
 * a conversation of its own. Answers which conversations the events are about.
 */
export async function addAliases(tx: Executor, all: readonly Reported[]): Promise<number[]> {
  const ids: number[] = []
  // One after the other, since a name may change twice.
  for (const { registrationId, contact, to } of all.flatMap(renamedOf)) {
    const names = [
      { registrationId, contact },
      { registrationId, contact: to }
    ] as const
    const found = await findConversations(tx, names)
    const conversationId = found.get(keyOf(names[0]))
    if (conversationId !== undefined && !found.has(keyOf(names[1])))
      await tx.insert(aliases).values({ registrationId, contact: to, conversationId }).onConflictDoNothing()
    ids.push(...found.values(), ...(await addressed(tx, names[0])))
  }
  return ids
}

async function addressed(tx: Executor, { registrationId, contact }: Contact): Promise<number[]> {
  const rows = await tx
    .select({ id: conversations.id })
    .from(conversations)
    .where(and(eq(conversations.registrationId, registrationId), inArray(conversations.address, waysOf(contact))))
  return rows.map(({ id }) => id)
}

/** Where messages of the contact go from now on. An event that comes again, when the contact has another name, changes nothing. */
export async function writeAddresses(
  tx: Executor,
  all: readonly Reported[],
  locked: readonly Conversation[]
): Promise<void> {
  const changed = new Map<number, string>()
  for (const { registrationId, contact: from, to } of all.flatMap(renamedOf))
    for (const { id, registrationId: owner, contact, address } of locked)
      if (owner === registrationId && numbered(changed.get(id) ?? address ?? contact) === numbered(from))
        changed.set(id, to)
  if (changed.size === 0) return
  const rows = JSON.stringify([...changed].map(([id, address]) => ({ id, address })))
  await tx.execute(sql`
    update ${conversations} c set address = given.address
    from json_to_recordset(${rows}::json) as given(id bigint, address text)
    where c.id = given.id`)
}
