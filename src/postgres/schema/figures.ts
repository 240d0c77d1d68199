import { json, pgTable, text } from 'drizzle-orm/pg-core'
import { now, time } from './columns.ts'

/** Figures that one host reads from the whole database, so that the others need not. */
export const figures = pgTable('figures', {
  name: text().primaryKey(),
  /** The time at which the last reading began: no host begins another one too soon after it. */
  begunAt: now(),
  /** The last reading that ended; null: none has. */
  readAt: time(),
  body: json().$type<unknown>()
})
