import { asc, inArray, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { conversations, registrations } from '../postgres/schema/schema.ts'
import { otherWay } from '../protocol/contact.ts'
import { CONVERSATION, KEY, LOCK_NEW } from './contacts.ts'
import { addJob } from './jobs.ts'

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
export type WorkKind = 'send' | 'tell'

/** A contact of a registration. */
export interface Contact {
  registrationId: number
  contact: string
}

/** No message or lot of a registration goes before: the later end of its gateway's pause and its operator's. */
export const PAUSED_UNTIL = sql`greatest(${registrations.pausedUntil}, ${registrations.operatorPausedUntil})`.mapWith(
  registrations.pausedUntil
) as SQL<Date | null>

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

/**
 * Where what contacts with these names write goes: conversations by `keyOf` the
 * contact, made where there are none, and kept from being erased until the
 * transaction ends. A contact that was renamed is found under each of its names,
 * and a number that is known without its plus under that.
 */
export async function conversationsOf(tx: Executor, contacts: readonly Contact[]): Promise<Map<string, number>> {
  const distinct = [...new Map(contacts.map(one => [keyOf(one), one])).values()]
  if (distinct.length === 0) return new Map()
  let found = await find(tx, distinct, BY_WRITER)
  // Again, where an erasure takes one away that was made by somebody else a moment ago.
  while (found.size < distinct.length) {
    const given = givenOf(distinct.filter(one => !found.has(keyOf(one))))
    await tx.execute(sql`with given as (select * from ${given}) select ${sql.raw(LOCK_NEW('given g'))}`)
    await tx.execute(sql`
      insert into conversations (registration_id, contact)
      select g.registration, g.contact from ${given} where ${sql.raw(CONVERSATION)} is null
      order by g.registration, ${sql.raw(KEY)}
      on conflict do nothing`)
    found = await find(tx, distinct, BY_WRITER)
  }
  return found
}

export const keyOf = ({ registrationId, contact }: Contact) => `${registrationId} ${contact}`

/** By its own name, unless another conversation under that name was written in since; by any name else. */
const BY_WRITER = sql`c.id = coalesce(
  (select a.conversation_id from aliases a where a.registration_id = g.registration and a.contact = g.contact and a.over),
  ${sql.raw(CONVERSATION)})`
const BY_ANY_NAME = sql`c.id = ${sql.raw(CONVERSATION)}`

/** Only channels of numbers name them with a plus, and a CRM may have written first, without it. */
const givenOf = (contacts: readonly Contact[]) => {
  const rows = contacts.map(({ registrationId: registration, contact }) => ({
    registration,
    contact,
    other: contact.startsWith('+') ? otherWay(contact) : null
  }))
  return sql`json_to_recordset(${JSON.stringify(rows)}::json) as g(registration bigint, contact text, other text)`
}

async function find(tx: Executor, contacts: readonly Contact[], by: SQL): Promise<Map<string, number>> {
  const { rows } = await tx.execute<{ id: string; registration: string; contact: string }>(sql`
    select c.id, g.registration, g.contact from ${givenOf(contacts)} join conversations c on ${by}
    for key share of c`)
  return new Map(rows.map(row => [`${row.registration} ${row.contact}`, Number(row.id)]))
}

/** The conversations of contacts that have one, under whichever name. */
export const findConversations = (tx: Executor, contacts: readonly Contact[]): Promise<Map<string, number>> =>
  find(tx, contacts, BY_ANY_NAME)

/**
 * Locks registrations in one order as well, and answers how they are then. Who
 * changes several, by a statement that follows, locks them before, and so does
 * who adds items more than once. (An update of what a subquery locks has waited
 * in a circle: it goes through the versions of before.)
 */
export const lockRegistrations = async (tx: Executor, ids: readonly number[], how: 'share' | 'no key update') =>
  ids.length === 0
    ? []
    : tx
        .select({
          id: registrations.id,
          send: registrations.sendingHost,
          tell: registrations.tellingHost,
          pausedUntil: PAUSED_UNTIL,
          archivedAt: registrations.archivedAt
        })
        .from(registrations)
        .where(inArray(registrations.id, [...new Set(ids)]))
        .orderBy(asc(registrations.id))
        .for(how)

/** Finds a host for the registrations that have none. Call it last in a transaction that added items. */
export async function wake(tx: Executor, work: WorkKind, registrationIds: readonly number[]): Promise<void> {
  for (const { id, [work]: host } of await lockRegistrations(tx, registrationIds, 'share'))
    if (host === null) await addJob(tx, work, { registration: id })
}
