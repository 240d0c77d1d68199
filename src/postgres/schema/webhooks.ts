import { sql } from 'drizzle-orm'
import { bigint, customType, date, index, integer, json, pgTable, text, unique } from 'drizzle-orm/pg-core'
import { id, now, time } from './columns.ts'

/** Calls of gateways as they came, for a while. */

const bytea = customType<{ data: Buffer }>({ dataType: () => 'bytea' })

/**
 * A call, in the transaction of its events. No foreign key: it would lock the registration once more for each, and all
 * that is here goes within days.
 */
export const receivedWebhooks = pgTable(
  'received_webhooks',
  {
    /** Given by the statement that adds many, which is prepared with every column in it. */
    id: bigint({ mode: 'number' }).primaryKey().generatedByDefaultAsIdentity(),
    registrationId: bigint({ mode: 'number' }).notNull(),
    receivedAt: now(),
    /** Length of the body. */
    bytes: integer().notNull(),
    /** How it was read, last time: events that its channel made of it, but for notes. */
    events: integer().notNull(),
    /** Counts of what became no event, by reason. */
    skipped: json().$type<Readonly<Record<string, number>>>(),
    /** Why it, or some of it, could not be read or stored; in words that quote nobody. */
    failed: text(),
    replayedAt: time(),
    /** Body, headers and query (inbound/raw-call.ts), and their key; null: it was too large to be kept. */
    sealed: bytea(),
    sealedKey: bytea(),
    keyId: text()
  },
  t => [
    index('received_webhooks_registration').on(t.registrationId, t.id),
    index('received_webhooks_failed').on(t.registrationId, t.id).where(sql`failed is not null`),
    index('received_webhooks_time').using('brin', t.receivedAt)
  ]
)

/** A registration's day (UTC): bytes that its calls take, and the number of calls not kept. */
export const webhookDays = pgTable(
  'webhook_days',
  {
    id: id(),
    registrationId: bigint({ mode: 'number' }).notNull(),
    day: date().notNull(),
    /** Bytes of the kept calls. */
    bytes: bigint({ mode: 'number' }).notNull(),
    /** Calls that their channel did not take for genuine. */
    refused: integer().notNull(),
    /** Genuine calls that were not kept, since there was no room. */
    unkept: integer().notNull()
  },
  t => [unique('webhook_days_day').on(t.registrationId, t.day)]
)
