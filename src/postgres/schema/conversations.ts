import { sql } from 'drizzle-orm'
import { bigint, boolean, index, json, pgTable, primaryKey, text, unique, uniqueIndex } from 'drizzle-orm/pg-core'
import { type Boxed, id, now, time } from './columns.ts'
import { owner } from './registrations.ts'

/** Contacts of registrations, and the names under which they are found. */

export function conversation() {
  return bigint({ mode: 'number' })
    .notNull()
    .references(() => conversations.id, { onDelete: 'cascade' })
}

/** `all`: not even what agents write is sent. */
export type SuppressedPurpose = 'marketing' | 'all'

export type SuppressionSource = 'keyword' | 'gateway' | 'agent' | 'import' | 'api'

/** `crm`: a line of an agent in the CRM. `phone`: one of the business's own phone. `agent`: the directive `/bot off`. */
export type HeldBy = 'crm' | 'phone' | 'agent' | 'api'

/** A contact of a registration. Order is kept within one, never across them. */
export const conversations = pgTable(
  'conversations',
  {
    id: id(),
    registrationId: owner(),
    contact: text().notNull(),
    /** The due time of the oldest open message; null: there is none. */
    sendingDue: time(),
    /** The lane of that message. */
    sendingBulk: boolean().notNull().default(false),
    /** The due time of the oldest open outbox item; null: there is none. */
    tellingDue: time(),
    lastIncomingRef: text(),
    /** The gateway's time of the message; where it named none, the time of arrival, and `assumed` in the context's box. */
    lastIncomingAt: time(),
    lastIncomingContext: json().$type<Boxed & { assumed?: boolean }>(),
    /** The channel's memory of the conversation. */
    memory: json().$type<Boxed>(),
    /** The contact's present name at the gateway, if it has changed. */
    address: text(),
    /** The end of the contact's rate limit: no message is sent before. */
    pacedUntil: time(),
    /** The strongest of its suppressions, kept here for the turn that takes its messages. */
    suppressed: text().$type<SuppressedPurpose>(),
    /** The last times at which somebody lifted a suppression for each purpose: what an erasure has left from before is over. */
    marketingLiftedAt: time(),
    allLiftedAt: time(),
    /** Messages that are not to go beside a person end as failed until then; in 9999 where no end was named. */
    heldUntil: time(),
    heldBy: text().$type<HeldBy>(),
    heldReason: text()
  },
  t => [
    unique('conversations_contact').on(t.registrationId, t.contact),
    index('conversations_address').on(t.registrationId, t.address).where(sql`address is not null`),
    index('conversations_sending')
      .on(t.registrationId, t.sendingBulk, t.sendingDue)
      .where(sql`sending_due is not null`),
    index('conversations_telling').on(t.registrationId, t.tellingDue).where(sql`telling_due is not null`)
  ]
)

/** Other names under which a conversation is found. */
export const aliases = pgTable(
  'aliases',
  {
    registrationId: owner(),
    contact: text().notNull(),
    conversationId: conversation(),
    /** The alias wins over a conversation of this very name, since its own conversation was written in last. */
    over: boolean().notNull().default(false)
  },
  t => [primaryKey({ columns: [t.registrationId, t.contact] }), index('aliases_conversation').on(t.conversationId)]
)

/** Contacts that want no messages, each purpose by itself. After an erasure of the contact a row has a hash of each of its names instead. */
export const suppressions = pgTable(
  'suppressions',
  {
    id: id(),
    registrationId: owner(),
    conversationId: bigint({ mode: 'number' }).references(() => conversations.id, { onDelete: 'cascade' }),
    nameHash: text(),
    purpose: text().$type<SuppressedPurpose>().notNull(),
    source: text().$type<SuppressionSource>().notNull(),
    note: text(),
    at: now()
  },
  t => [
    uniqueIndex('suppressions_conversation').on(t.conversationId, t.purpose).where(sql`conversation_id is not null`),
    uniqueIndex('suppressions_name').on(t.registrationId, t.nameHash, t.purpose).where(sql`name_hash is not null`),
    index('suppressions_registration').on(t.registrationId, t.id)
  ]
)

export type Conversation = typeof conversations.$inferSelect
