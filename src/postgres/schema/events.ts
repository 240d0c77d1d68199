import { sql } from 'drizzle-orm'
import { bigint, index, json, pgSequence, pgTable, text, uniqueIndex } from 'drizzle-orm/pg-core'
import type { EventBody, EventType } from '../../events/event.ts'
import { now } from './columns.ts'

/** The feed of API clients: what happened, for a while. */

export const eventPositions = pgSequence('event_positions')

/**
 * A row is written in the transaction of what it tells, a status into one index only, since there are so many. The erasure of a
 * contact, which is rare, reads the whole table instead.
 */
export const events = pgTable(
  'events',
  {
    id: bigint({ mode: 'number' }).notNull().generatedAlwaysAsIdentity(),
    /** Its place in the feed, given by the first reader after the commit (events/feed.ts); null: nobody has read since. */
    position: bigint({ mode: 'number' }),
    /** Null: it is about no single one, such as a webhook of all of them. */
    registrationId: bigint({ mode: 'number' }),
    conversationId: bigint({ mode: 'number' }),
    at: now(),
    type: text().$type<EventType>().notNull(),
    body: json().$type<EventBody>().notNull()
  },
  t => [
    uniqueIndex('events_position').on(t.position).where(sql`position is not null`),
    index('events_registration').on(t.registrationId, t.position).where(sql`position is not null`),
    index('events_unplaced').on(t.id).where(sql`position is null`),
    // The last line of a conversation: what its customer or a person of the business wrote.
    index('events_lines').on(t.conversationId, t.id).where(sql`type in ('message.received', 'message.sent_elsewhere')`)
  ]
)
