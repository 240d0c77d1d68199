import type { Attachment } from 'channel-kit/chat'
import type { Media } from 'channel-kit/event'
import { sql } from 'drizzle-orm'
import { index, integer, json, pgTable, text, unique } from 'drizzle-orm/pg-core'
import { bareKey, id, now, time } from './columns.ts'

/** The outbox: statuses and incoming messages that the CRM has to be told. */

export type OutboxState = 'waiting' | 'delivered' | 'stopped' | 'parked'

/** Files of an incoming message while some are being fetched, in their order. */
export interface Fetching {
  attachments: readonly (Attachment | Media)[]
  /** Tries to fetch the missing files. */
  tries: number
  /** The message was offered to the CRM without these files, which come as an item of their own. */
  late?: true
}

/** Outbox items: statuses and incoming messages for the CRM. */
export const outbox = pgTable(
  'outbox',
  {
    id: id(),
    registrationId: bareKey(),
    conversationId: bareKey(),
    /** `hidden`: an incoming message that the CRM is not told of, kept by its key alone. */
    kind: text().$type<'status' | 'incoming' | 'hidden'>().notNull(),
    /** The claim `body`. It is signed anew at each attempt. */
    body: json().$type<object>().notNull(),
    /** The outbox key: an item with the same key is added once. */
    dedupe: text().notNull(),
    /** Files that are being fetched: the item is not due until it is null, or the files are late. */
    media: json().$type<Fetching>(),
    /** Deaths of hosts that were fetching its files. */
    deaths: integer().notNull().default(0),
    state: text().$type<OutboxState>().notNull().default('waiting'),
    attempts: integer().notNull().default(0),
    dueAt: now(),
    reason: text(),
    /** The time from which it is offered to the CRM: when it was added, or replayed. */
    offeredSince: now(),
    createdAt: now(),
    settledAt: time()
  },
  t => [
    unique('outbox_dedupe').on(t.registrationId, t.dedupe),
    index('outbox_conversation').on(t.conversationId),
    index('outbox_unsettled').on(t.conversationId, t.id).where(sql`settled_at is null`),
    index('outbox_settled').on(t.settledAt).where(sql`settled_at is not null`)
  ]
)
