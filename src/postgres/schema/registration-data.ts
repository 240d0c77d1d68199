import type { Status } from 'channel-kit/chat'
import type { StatusEvent } from 'channel-kit/event'
import { bigint, boolean, index, integer, json, pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { type Boxed, id, now, time } from './columns.ts'
import { conversation, messages, owner } from './schema.ts'

/** Data of registrations beside the conversations, messages and outbox items of schema.ts. */

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

/** Notes of a channel about an account. */
export const notes = pgTable(
  'notes',
  {
    registrationId: owner(),
    name: text().notNull(),
    value: json().$type<Boxed>().notNull(),
    at: time().notNull()
  },
  t => [primaryKey({ columns: [t.registrationId, t.name] })]
)

/** Files that a registration brought, by their path below the root of the uploads, for its quota. */
export const uploads = pgTable(
  'uploads',
  {
    path: text().primaryKey(),
    registrationId: owner(),
    bytes: bigint({ mode: 'number' }).notNull(),
    createdAt: now()
  },
  t => [index('uploads_registration').on(t.registrationId)]
)

/** Parts of messages that the gateway did not take whole at once, with their refs. */
export const messageParts = pgTable(
  'message_parts',
  {
    messageId: bigint({ mode: 'number' })
      .notNull()
      .references(() => messages.id, { onDelete: 'cascade' }),
    part: integer().notNull(),
    ref: text().notNull(),
    registrationId: owner(),
    status: text().$type<Status>(),
    /** The part failed, and the message was replayed since: later reports about this ref are not about the message any more. */
    dropped: boolean().notNull().default(false)
  },
  t => [primaryKey({ columns: [t.messageId, t.part, t.ref] }), index('message_parts_ref').on(t.registrationId, t.ref)]
)

/** Statuses of messages whose own send has not returned yet: gateways can be faster than their answer. */
export const earlyStatuses = pgTable(
  'early_statuses',
  {
    id: id(),
    registrationId: owner(),
    ref: text().notNull(),
    status: text().$type<StatusEvent['status']>().notNull(),
    reason: text(),
    remember: json().$type<Boxed>(),
    /** Fields that few statuses have. */
    more: json().$type<Pick<StatusEvent, 'way' | 'afterMs' | 'contact'>>(),
    createdAt: now()
  },
  t => [
    index('early_statuses_registration').on(t.registrationId, t.id),
    index('early_statuses_ref').on(t.registrationId, t.ref),
    index('early_statuses_age').on(t.createdAt)
  ]
)
