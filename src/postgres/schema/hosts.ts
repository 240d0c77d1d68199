import { json, pgTable, text } from 'drizzle-orm/pg-core'
import { now, time } from './columns.ts'

/** Hosts, and what each has lately said of itself. */

/** Living hosts: the time of the last heartbeat, and the names under which each locks jobs. */
export const hosts = pgTable('hosts', {
  id: text().primaryKey(),
  pools: text().array().notNull(),
  /** Items a second that the host begins; null for a host without load, to which no registration is handed off. */
  loads: json().$type<{ send: number; tell: number }>(),
  seenAt: now(),
  /** Facts that each tells people of itself; null for a host of a version that does not. */
  version: text(),
  roles: text().array(),
  startedAt: time(),
  load: json().$type<OwnLoad>()
})

/** Seconds without a heartbeat, after three of them, for which a host is dead: its claims and jobs are freed, and nobody counts it. */
export const DEAD_AFTER_S = 15

/** Means of the last interval of the heartbeat. */
export interface OwnLoad {
  /** Messages in hand. */
  sending: number
  /** The share of one core. */
  cpuPercent: number
  rssBytes: number
  eventLoopP99Ms: number
}
