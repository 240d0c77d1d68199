import { sql } from 'drizzle-orm'
import { bigint, boolean, index, json, pgTable, primaryKey, text, unique } from 'drizzle-orm/pg-core'
import { type Boxed, id, time } from './columns.ts'
import { owner } from './registrations.ts'

/** Contacts of registrations, and the names under which they are found. */

export function conversation() {
  return bigint({ mode: 'number' })
    .notNull()
    .references(() => conversations.id, { onDelete: 'cascade' })
}

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
    pacedUntil: time()
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
