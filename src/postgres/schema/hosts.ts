import { json, pgTable, text } from 'drizzle-orm/pg-core'
import { now } from './columns.ts'

/** Hosts, and what each has lately said of itself. */

/** Living hosts: the time of the last heartbeat, and the names under which each locks jobs. */
export const hosts = pgTable('hosts', {
  id: text().primaryKey(),
  pools: text().array().notNull(),
  /** Items a second that the host begins; null for a host without load, to which no registration is handed off. */
  loads: json().$type<{ send: number; tell: number }>(),
  seenAt: now()
})
