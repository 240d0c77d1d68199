import { pgTable, primaryKey, text } from 'drizzle-orm/pg-core'
import { now } from './columns.ts'

/** Keys: of clusters, to believe them by, and our own, that seal secrets. */

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

/** Processes that run now, with the keys that each has. A host that only answers requests is one too, other than in `hosts`. */
export const keyHolders = pgTable('key_holders', {
  id: text().primaryKey(),
  keys: text().array().notNull(),
  seenAt: now()
})
