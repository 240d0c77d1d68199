import { sql } from 'drizzle-orm'
import { bigint, integer, pgTable, text } from 'drizzle-orm/pg-core'
import type { EventType } from '../../events/event.ts'
import { id, now, time } from './columns.ts'
import { registrations } from './registrations.ts'

/** Webhooks of API clients, to which the events of the feed are pushed: one row each, and none for an event. */
export const eventWebhooks = pgTable('event_webhooks', {
  id: id(),
  /** The only registration whose events it gets; null: all. */
  registrationId: bigint({ mode: 'number' }).references(() => registrations.id, { onDelete: 'cascade' }),
  url: text().notNull(),
  /** The types of events that it gets; null: all. */
  types: text().array().$type<EventType[]>(),
  note: text(),
  /** The client that made it, as the audit names it. */
  actor: text().notNull(),
  createdAt: now(),
  /** The secret that signs, sealed; and the one before it, which signs as well until then. */
  secret: text().notNull(),
  oldSecret: text(),
  oldSecretUntil: time(),
  /** All that it wants up to this position of the feed was delivered, or went before it could be. */
  position: bigint({ mode: 'number' }).notNull(),
  /** Positions behind that were delivered already: those of other conversations than one that failed. */
  ahead: bigint({ mode: 'number' }).array().notNull().default(sql`'{}'`),
  /** Counts what a client changes of it. A host that has begun with another number writes nothing. */
  version: integer().notNull().default(0),
  /** The host that has claimed it; null: a job is on its way to find a host, or it is disabled. */
  host: text(),
  /** Failed attempts since the last success, the time of the first one, and when the next one is due. */
  failures: integer().notNull().default(0),
  failingSince: time(),
  dueAt: time(),
  disabledAt: time(),
  disabledReason: text(),
  /** Events that were removed before they were delivered. */
  missed: bigint({ mode: 'number' }).notNull().default(0),
  /** The last attempt: the status of its answer, or why there was none. */
  attemptedAt: time(),
  answer: integer(),
  error: text(),
  deliveredAt: time()
})
