import type { GatewayEvent } from 'channel-kit/event'
import { and, eq, inArray, sql } from 'drizzle-orm'
import { type Contact, findConversations, keyOf } from '../contacts/contact-conversations.ts'
import type { NewEvent } from '../events/event.ts'
import type { Executor } from '../postgres/connect.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { aliases, conversations } from '../postgres/schema/conversations.ts'
import { updateMany } from '../postgres/update-many.ts'
import { numbered, otherWay, waysOf } from '../protocol/contact.ts'
import type { MatchedMessage, ReportedEvent } from './match-messages.ts'

/**
 * Aliases of contacts that gateways renamed. Their conversations go on under the name that the CRM knows, and are found
 * under all names.
 */

interface Renamed extends Contact {
  to: string
}

const renamedOf = ({ registrationId, event }: ReportedEvent): Renamed[] =>
  event.kind === 'renamed' && event.from !== event.to ? [{ registrationId, contact: event.from, to: event.to }] : []

/**
 * Adds the new names as aliases of their conversations, unless such a name has a conversation of its own. Returns the
 * conversations that the events are about.
 */
export async function addAliases(tx: Executor, all: readonly ReportedEvent[]): Promise<number[]> {
  const ids: number[] = []
  // In order, since a name may change twice.
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

/**
 * Saves the address that messages of a renamed contact go to. A repeated event, after a later rename, changes nothing.
 * Answers what the feed is told.
 */
export async function writeAddresses(
  tx: Executor,
  all: readonly ReportedEvent[],
  locked: readonly Conversation[]
): Promise<NewEvent[]> {
  const changed = new Map<number, string>()
  const told: NewEvent[] = []
  for (const { registrationId, contact: from, to } of all.flatMap(renamedOf))
    for (const { id, registrationId: owner, contact, address } of locked)
      if (owner === registrationId && numbered(changed.get(id) ?? address ?? contact) === numbered(from)) {
        changed.set(id, to)
        told.push({ registrationId, conversationId: id, type: 'contact.renamed', body: { from, to } })
      }
  await updateMany(
    tx,
    conversations,
    ['address'],
    [...changed].map(([id, address]) => ({ id, address }))
  )
  return told
}

/**
 * Learns the gateway's names of contacts, from the first status of each message: a customer who answers under that name
 * answers in the message's conversation. If a contact has several conversations, it is the one that was written in last,
 * even where another one has this very name.
 */
export async function learnNames(
  tx: Executor,
  all: readonly ReportedEvent[],
  matched: ReadonlyMap<GatewayEvent, MatchedMessage | null>
): Promise<void> {
  const rows = all.flatMap(({ registrationId, event }, n) => {
    const message = matched.get(event)
    if (event.kind !== 'status' || event.contact === undefined || !message || message.status !== null) return []
    const { contact } = event
    return [
      { n, registration: registrationId, contact, other: otherWay(contact), conversation: message.conversationId }
    ]
  })
  if (rows.length === 0) return
  const given = sql`json_to_recordset(${JSON.stringify(rows)}::json)
    as given(n int, registration bigint, contact text, other text, conversation bigint)`
  await tx.execute(sql`
    delete from ${aliases} a using ${given}, ${conversations} c
    where a.over and a.registration_id = given.registration and a.contact = given.contact
      and c.id = given.conversation and c.contact in (given.contact, given.other)`)
  await tx.execute(sql`
    insert into ${aliases} (registration_id, contact, conversation_id, over)
    select distinct on (given.registration, given.contact) given.registration, given.contact, c.id, exists (
      select from ${conversations} o where o.registration_id = given.registration and o.contact in (given.contact, given.other))
    from ${given} join ${conversations} c on c.id = given.conversation
      and c.contact not in (given.contact, coalesce(given.other, given.contact))
    order by given.registration, given.contact, given.n desc
    on conflict (registration_id, contact) do update
      set conversation_id = excluded.conversation_id, over = excluded.over
      where aliases.conversation_id <> excluded.conversation_id`)
}
