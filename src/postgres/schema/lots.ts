import type { Cost } from 'channel-kit/event'
import { sql } from 'drizzle-orm'
import { bigint, boolean, index, integer, json, pgTable, text, timestamp, uniqueIndex } from 'drizzle-orm/pg-core'
import type { LotState } from '../../lots/lot-state.ts'
import { messages } from './messages.ts'
import { registrations } from './registrations.ts'

/** Lots, for channels whose gateways take messages in lots. */

const id = () => bigint({ mode: 'number' }).primaryKey().generatedAlwaysAsIdentity()
const time = () => timestamp({ withTimezone: true })

/** Why a lot failed: `refused` and `rejected` by the gateway as a whole or item by item, `unreachable` after all attempts. */
export type LotCode = 'refused' | 'rejected' | 'unreachable'

export const lots = pgTable(
  'lots',
  {
    id: id(),
    registrationId: bigint({ mode: 'number' })
      .notNull()
      .references(() => registrations.id, { onDelete: 'cascade' }),
    name: text().notNull(),
    /** The channel's key, in a box: messages with different keys go into different lots. */
    key: json().$type<{ value: unknown }>().notNull(),
    /** The hash of the key. */
    hash: text().notNull(),
    state: text().$type<LotState>().notNull().default('collecting'),
    /** Messages that it has gathered. */
    items: integer().notNull().default(0),
    sealsAt: time().notNull(),
    /** The gateway's id. */
    ref: text(),
    /** The price of each of its messages. */
    cost: json().$type<Cost>(),
    /** Calls of the present state. */
    attempts: integer().notNull().default(0),
    /** A call is under way. Found so after a crash, the call may have got through. */
    calling: boolean().notNull().default(false),
    /** An earlier call of the present state may have got through. */
    doubtful: boolean().notNull().default(false),
    /** The host that works on it. */
    host: text(),
    /** Deaths of hosts during the present step. */
    deaths: integer().notNull().default(0),
    /** The time of the next step, if the lot waits. */
    dueAt: time(),
    /** The code of a failed lot. */
    code: text().$type<LotCode>(),
    /** The state in which the lot failed or became unknown. */
    step: text().$type<'creating' | 'sending' | 'finishing'>(),
    /** An operator may have it sent once more. */
    retryable: boolean().notNull().default(false),
    reason: text(),
    createdAt: time().notNull().defaultNow(),
    sealedAt: time(),
    openedAt: time(),
    endedAt: time()
  },
  t => [
    uniqueIndex('lots_collecting').on(t.registrationId, t.hash).where(sql`state = 'collecting'`),
    index('lots_registration').on(t.registrationId, t.id),
    index('lots_ended').on(t.endedAt).where(sql`ended_at is not null`)
  ]
)

/** `waiting`: not settled. `alone`: its lot had no other, so it is sent by itself. */
export type ItemState = 'waiting' | 'accepted' | 'rejected' | 'failed' | 'unknown' | 'cancelled' | 'alone'

/** A message's place in a lot; it may come to others later, by being replayed. */
export const lotItems = pgTable(
  'lot_items',
  {
    id: id(),
    lotId: bigint({ mode: 'number' })
      .notNull()
      .references(() => lots.id, { onDelete: 'cascade' }),
    messageId: bigint({ mode: 'number' })
      .notNull()
      .references(() => messages.id, { onDelete: 'cascade' }),
    conversationId: bigint({ mode: 'number' }).notNull(),
    /** The item as the gateway gets it. */
    item: json().$type<unknown>().notNull(),
    dedupe: text(),
    state: text().$type<ItemState>().notNull().default('waiting'),
    reason: text()
  },
  t => [
    index('lot_items_lot').on(t.lotId, t.id),
    index('lot_items_message').on(t.messageId),
    index('lot_items_waiting').on(t.conversationId).where(sql`state = 'waiting'`),
    uniqueIndex('lot_items_dedupe').on(t.lotId, t.dedupe).where(sql`dedupe is not null`)
  ]
)

/** `inflight`: a call is under way. `failed`: all attempts are used up, or the lot was refused. */
export type ChunkState = 'queued' | 'inflight' | 'accepted' | 'rejected' | 'failed' | 'unknown'

/** Items of a lot that go in one call: those from the first to the last. One that is refused becomes two. */
export const lotChunks = pgTable(
  'lot_chunks',
  {
    id: id(),
    lotId: bigint({ mode: 'number' })
      .notNull()
      .references(() => lots.id, { onDelete: 'cascade' }),
    firstItem: bigint({ mode: 'number' }).notNull(),
    lastItem: bigint({ mode: 'number' }).notNull(),
    state: text().$type<ChunkState>().notNull().default('queued'),
    attempts: integer().notNull().default(0),
    reason: text(),
    /** The chunk's messages are settled. */
    settled: boolean().notNull().default(false)
  },
  t => [index('lot_chunks_lot').on(t.lotId), index('lot_chunks_open').on(t.lotId, t.firstItem).where(sql`not settled`)]
)
