import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { otherWay } from '../protocol/contact.ts'

/** Conversations by their contacts, under any of a contact's names. */

/** A contact of a registration. */
export interface Contact {
  registrationId: number
  contact: string
}

/**
 * The conversations of contacts that write, by `keyOf` the contact: made where there are none, and kept from being
 * erased until the transaction ends. A renamed contact is found under each of its names, and a number also without its
 * plus.
 */
export async function conversationsOf(tx: Executor, contacts: readonly Contact[]): Promise<Map<string, number>> {
  const distinct = [...new Map(contacts.map(contact => [keyOf(contact), contact])).values()]
  if (distinct.length === 0) return new Map()
  let found = await find(tx, distinct, { asWriter: true })
  // Repeated, since an erasure may remove a conversation that another transaction made a moment ago.
  while (found.size < distinct.length) {
    const missing = distinct.filter(contact => !found.has(keyOf(contact)))
    await tx.execute(sql`select pg_temp.make_conversations(${columnsOf(missing)})`)
    found = await find(tx, distinct, { asWriter: true })
  }
  return found
}

export const keyOf = ({ registrationId, contact }: Contact) => `${registrationId} ${contact}`

/** Registrations, contacts and their other names, as the steps of queue.sql take them. Only channels of numbers name contacts with a plus, and a CRM may have written first, without it. */
const columnsOf = (contacts: readonly Contact[]) =>
  sql.join(
    [
      sql`${sql.param(contacts.map(({ registrationId }) => registrationId))}::bigint[]`,
      sql`${sql.param(contacts.map(({ contact }) => contact))}::text[]`,
      sql`${sql.param(contacts.map(({ contact }) => (contact.startsWith('+') ? otherWay(contact) : null)))}::text[]`
    ],
    sql`, `
  )

/** `asWriter`: a contact is found by its own name, unless another conversation under that name was written in since. */
async function find(
  tx: Executor,
  contacts: readonly Contact[],
  { asWriter }: { asWriter: boolean }
): Promise<Map<string, number>> {
  const { rows } = await tx.execute<{ id: string; number: string }>(sql`
    select c.id, g.number
    from unnest(pg_temp.find_conversations(${columnsOf(contacts)}, ${asWriter})) with ordinality as g(conversation, number)
    join conversations c on c.id = g.conversation
    for key share of c`)
  return new Map(
    rows.flatMap(({ id, number }) => {
      const contact = contacts[Number(number) - 1]
      return contact ? [[keyOf(contact), Number(id)] as const] : []
    })
  )
}

/** The conversations of contacts that have one, under any of their names. */
export const findConversations = (tx: Executor, contacts: readonly Contact[]): Promise<Map<string, number>> =>
  find(tx, contacts, { asWriter: false })
