import { index, integer, pgTable, primaryKey } from 'drizzle-orm/pg-core'
import { time } from './columns.ts'
import { owner } from './registrations.ts'

/** Counts of the last day by registration and minute, for charts. Hosts add to the same row. */
export const traffic = pgTable(
  'traffic',
  {
    registrationId: owner(),
    minute: time().notNull(),
    accepted: integer().notNull().default(0),
    sent: integer().notNull().default(0),
    failed: integer().notNull().default(0),
    received: integer().notNull().default(0)
  },
  t => [primaryKey({ columns: [t.registrationId, t.minute] }), index('traffic_minute').on(t.minute)]
)
