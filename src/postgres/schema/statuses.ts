import type { StatusEvent } from 'channel-kit/event'
import { index, json, pgTable, text } from 'drizzle-orm/pg-core'
import { type Boxed, id, now } from './columns.ts'
import { owner } from './registrations.ts'

/** Statuses that no message has claimed yet. */

/** Statuses of messages whose own send has not returned yet: gateways can be faster than their answer. */
export const earlyStatuses = pgTable(
  'early_statuses',
  {
    id: id(),
    registrationId: owner(),
    ref: text().notNull(),
    status: text().$type<StatusEvent['status']>().notNull(),
    reason: text(),
    remember: json().$type<Boxed>(),
    /** Fields that few statuses have. */
    more: json().$type<Pick<StatusEvent, 'way' | 'afterMs' | 'contact' | 'code' | 'cost'>>(),
    createdAt: now()
  },
  t => [
    index('early_statuses_registration').on(t.registrationId, t.id),
    index('early_statuses_ref').on(t.registrationId, t.ref),
    index('early_statuses_age').on(t.createdAt)
  ]
)
