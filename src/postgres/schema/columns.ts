import { bigint, timestamp } from 'drizzle-orm/pg-core'

/** Column types of several tables. */

export const id = () => bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity()
export const time = () => timestamp({ withTimezone: true })
export const now = () => time().notNull().defaultNow()

/** Any JSON of a channel's, in a box: a bare text that looks like JSON would be read as what it looks like. */
export interface Boxed {
  value: unknown
}
