import { asc, inArray, sql } from 'drizzle-orm'
import type { Executor } from './connect.ts'
import { addJob } from './jobs.ts'
import { conversations, registrations } from './schema.ts'

/**
 * Who has work, and who does it.
 *
 * A conversation says when its oldest open item is due: a message to send, or a
 * thing to tell the CRM. A registration says which host works on it. Whoever
 * adds an item locks the conversation, then the registration (shared), and adds
 * a job only if no host has it; a host that wants to let go locks the
 * registration first and then looks a last time. So no item is overlooked, one
 * conversation is never worked on twice, and a busy registration costs no jobs.
 * (A job or a named queue a conversation was measured at a tenth of the rate.)
 */

export type Conversation = typeof conversations.$inferSelect
export type Work = 'send' | 'tell'

/** A contact of a registration. */
export interface Contact {
  registrationId: number
  contact: string
}

/** Locked in one order, so that nobody waits in a circle. */
export const lockConversations = async (tx: Executor, ids: readonly number[]): Promise<Conversation[]> =>
  ids.length === 0
    ? []
    : tx
        .select()
        .from(conversations)
        .where(inArray(conversations.id, [...new Set(ids)]))
        .orderBy(asc(conversations.id))
        .for('no key update')

/** The conversations with these contacts, made where there are none, and kept from being erased until the transaction ends. */
export async function conversationsOf(tx: Executor, contacts: readonly Contact[]): Promise<number[]> {
  const distinct = [...new Map(contacts.map(one => [keyOf(one), one])).values()]
  if (distinct.length === 0) return []
  const found = await find(tx, distinct)
  if (found.length === distinct.length) return found

  await tx
    .insert(conversations)
    .values(distinct.toSorted((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)))
    .onConflictDoNothing()
  return find(tx, distinct)
}

export const keyOf = ({ registrationId, contact }: Contact) => `${registrationId} ${contact}`

async function find(tx: Executor, contacts: readonly Contact[]): Promise<number[]> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    select c.id from conversations c
    join json_to_recordset(${JSON.stringify(contacts)}::json) as given("registrationId" bigint, contact text)
      on c.registration_id = given."registrationId" and c.contact = given.contact
    for key share of c`)
  return rows.map(({ id }) => Number(id))
}

/** Finds a host for the registrations that have none. Call it last in a transaction that added items. */
export async function wake(tx: Executor, work: Work, registrationIds: readonly number[]): Promise<void> {
  const ids = [...new Set(registrationIds)]
  if (ids.length === 0) return
  const host = work === 'send' ? registrations.sendingHost : registrations.tellingHost
  const rows = await tx
    .select({ id: registrations.id, host })
    .from(registrations)
    .where(inArray(registrations.id, ids))
    .orderBy(asc(registrations.id))
    .for('share')
  for (const { id, host } of rows) if (host === null) await addJob(tx, work, { registration: id })
}
