import { bigint, timestamp } from 'drizzle-orm/pg-core'

/** Column types of several tables. */

export const id = () => bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity()
export const time = () => timestamp({ withTimezone: true })
export const now = () => time().notNull().defaultNow()

/** Any JSON of a channel's, in a box: a bare text that looks like JSON would be read as what it looks like. */
export interface Boxed {
  value: unknown
}

/**
 * Keys of a message or an outbox item, which is deleted with its conversation by
 * a trigger (migrations/0005_trigger.sql). A transaction that adds one has locked
 * the conversation, so it is not deleted meanwhile. Foreign keys would look up and
 * lock the same rows once more for each, a quarter of the cost of accepting.
 */
export const bareKey = () => bigint({ mode: 'number' }).notNull()
