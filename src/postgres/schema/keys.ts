import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { now } from './columns.ts'

/** Keys of clusters, which verify their tokens, and our own keys, which seal secrets. */

/** Keys of CRM clusters, by the origin that each was fetched from and the md5 of its text. */
export const publicKeys = pgTable(
  'public_keys',
  {
    origin: text().notNull(),
    id: text().notNull(),
    pem: text().notNull(),
    fetchedAt: now()
  },
  t => [primaryKey({ columns: [t.origin, t.id] })]
)

/** The keys that seal secrets of this database, each with a text to try it on. */
export const secretKeys = pgTable('secret_keys', {
  id: text().primaryKey(),
  sealed: text().notNull(),
  createdAt: now()
})

/** Running processes with the keys that each has, also hosts that only answer requests, which are not in `hosts`. */
export const keyHolders = pgTable('key_holders', {
  id: text().primaryKey(),
  keys: text().array().notNull(),
  seenAt: now()
})
