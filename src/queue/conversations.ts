import { asc, inArray, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { otherWay } from '../protocol/contact.ts'

/**
 * The queue's protocol: which conversations have work, and which host does it.
 *
 * A conversation has the due time of its oldest open message and of its oldest open outbox item. A registration has the
 * host that has claimed it. A transaction that adds an item locks the conversation, then the registration (shared), and
 * adds a job only if no host has claimed it; a host that releases a claim locks the registration first and then looks a
 * last time. So no item is overlooked, a conversation is never worked on twice, and a busy registration costs no jobs.
 * (A job or a named queue per conversation was measured at a tenth of the rate.)
 */

export type Conversation = typeof conversations.$inferSelect
export type WorkKind = 'send' | 'tell'

/** A contact of a registration. */
export interface Contact {
  registrationId: number
  contact: string
}

/** The end of a registration's pause, the later one of its gateway's and its operator's: no message or lot goes before. */
export const PAUSED_UNTIL = sql`greatest(${registrations.pausedUntil}, ${registrations.operatorPausedUntil})`.mapWith(
  registrations.pausedUntil
) as SQL<Date | null>

/** Locks conversations in one order, so that transactions never wait in a circle. */
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

/**
 * Locks registrations in one order as well, and returns their locked state. Transactions that change several of them, or
 * add items more than once, call it before. (An update of the rows that its own subquery locks has waited in a circle:
 * it goes through the row versions from before the lock.)
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
          archivedAt: registrations.archivedAt,
          optOut: registrations.optOut
        })
        .from(registrations)
        .where(inArray(registrations.id, [...new Set(ids)]))
        .orderBy(asc(registrations.id))
        .for(how)

/** Finds a host for the registrations that have none. Call it last in a transaction that added items. */
export async function wake(tx: Executor, work: WorkKind, registrationIds: readonly number[]): Promise<void> {
  if (registrationIds.length > 0) await tx.execute(sql`select pg_temp.wake(${work}, ${bigints(registrationIds)})`)
}
