import type { Attachment, ChatMessage, Status } from 'channel-kit/chat'
import type { Media } from 'channel-kit/event'
import type { Later, Returned } from 'channel-kit/outcome'
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  json,
  jsonb,
  pgTable,
  text,
  unique,
  uniqueIndex
} from 'drizzle-orm/pg-core'
import type { StoryEntry } from '../../messages/story.ts'
import type { Data } from '../../protocol/settings.ts'
import { type Boxed, id, now, time } from './columns.ts'

/**
 * Everything durable, but for what kept.ts, keys.ts, lots.ts, api.ts and webhooks.ts have. JSON that nobody queries is `json`, not `jsonb`: it keeps
 * what a gateway or a CRM wrote to the letter, escaped NULs included.
 */

export const owner = () =>
  bigint({ mode: 'number' })
    .notNull()
    .references(() => registrations.id, { onDelete: 'cascade' })

/** Living hosts: the time of the last heartbeat, and the names under which each locks jobs. */
export const hosts = pgTable('hosts', {
  id: text().primaryKey(),
  pools: text().array().notNull(),
  /** Items a second that the host begins; null for a host without load, to which no registration is handed off. */
  loads: json().$type<{ send: number; tell: number }>(),
  seenAt: now()
})

/** Registrations: a plugin instance of a company at a channel. It is the account, and the tenant. */
export const registrations = pgTable(
  'registrations',
  {
    id: id(),
    channel: text().notNull(),
    companyId: text().notNull(),
    alias: text().notNull(),
    pluginId: text().notNull(),
    /** The origin of the cluster that registered, whose tokens alone open it; empty: no token does until an operator moves it. */
    origin: text().notNull().default(''),
    /** The cluster's own name of itself, to the letter. */
    clusterUri: text().notNull(),
    country: text().notNull(),
    currency: text().notNull(),
    /** The secret shared with the CRM, sealed. */
    hpt: text().notNull(),
    /** The token in the webhook's URL: sealed to be shown, hashed to be found. */
    webhookToken: text().notNull(),
    webhookHash: text().notNull().unique(),
    registeredAt: now(),
    /** The time of the last registering token's signature in seconds; null where the token had none. */
    signedAt: doublePrecision(),
    /** The CRM answered 418: no outbox item is delivered until it registers again. */
    archivedAt: time(),
    /** The operator would rather have a message twice than not at all. */
    retryUnknown: boolean().notNull().default(false),
    /** The time of the last delivery to the CRM. */
    toldAt: time(),
    /** The end of the gateway's pause: no message of this account is sent before. */
    pausedUntil: time(),
    /** The end of an operator's pause, in 9999 where none was named; saving settings leaves it. */
    operatorPausedUntil: time(),
    operatorPausedAt: time(),
    operatorPauseReason: text(),
    /** The times of the last accepted message and of the last webhook call; saved every few seconds. */
    sentAt: time(),
    calledAt: time(),
    pollCursor: json().$type<Boxed>(),
    pollLeasedUntil: time(),
    /** The host that has claimed its messages; null: nothing is to be sent now, or a job is on its way to find a host. */
    sendingHost: text(),
    /** The host that has claimed its outbox items; null likewise. */
    tellingHost: text()
  },
  t => [
    unique('registrations_reference').on(t.channel, t.companyId, t.alias, t.pluginId, t.origin),
    index('registrations_sending').on(t.sendingHost).where(sql`sending_host is not null`),
    index('registrations_telling').on(t.tellingHost).where(sql`telling_host is not null`)
  ]
)

export const settings = pgTable('settings', {
  registrationId: owner().primaryKey(),
  data: json().$type<Data>().notNull(),
  /** The secrets among them, sealed as one. */
  secrets: text().notNull(),
  savedAt: now()
})

export function conversation() {
  return bigint({ mode: 'number' })
    .notNull()
    .references(() => conversations.id, { onDelete: 'cascade' })
}

/**
 * Keys of a message or an outbox item, which is deleted with its conversation by
 * a trigger (migrations/0005_trigger.sql). A transaction that adds one has locked
 * the conversation, so it is not deleted meanwhile. Foreign keys would look up and
 * lock the same rows once more for each, a quarter of the cost of accepting.
 */
const key = () => bigint({ mode: 'number' }).notNull()

/** A contact of a registration. Order is kept within one, never across them. */
export const conversations = pgTable(
  'conversations',
  {
    id: id(),
    registrationId: owner(),
    contact: text().notNull(),
    /** The due time of the oldest open message; null: there is none. */
    sendingDue: time(),
    /** The due time of the oldest open outbox item; null: there is none. */
    tellingDue: time(),
    lastIncomingRef: text(),
    /** The gateway's time of the message; where it named none, the time of arrival, and `assumed` in the context's box. */
    lastIncomingAt: time(),
    lastIncomingContext: json().$type<Boxed & { assumed?: boolean }>(),
    /** The channel's memory of the conversation. */
    memory: json().$type<Boxed>(),
    /** The contact's present name at the gateway, if it has changed. */
    address: text(),
    /** The end of the contact's rate limit: no message is sent before. */
    pacedUntil: time()
  },
  t => [
    unique('conversations_contact').on(t.registrationId, t.contact),
    index('conversations_address').on(t.registrationId, t.address).where(sql`address is not null`),
    index('conversations_sending').on(t.registrationId, t.sendingDue).where(sql`sending_due is not null`),
    index('conversations_telling').on(t.registrationId, t.tellingDue).where(sql`telling_due is not null`)
  ]
)

/**
 * Doubt about a message that may have left. `channel`: its channel is asked when
 * it is due. `host`: it is given up when it is due. `heard`: a status said that
 * the gateway has all of it.
 */
export type Doubt = 'channel' | 'host' | 'heard'

/** `gathered`: it is in a lot. */
export type MessageState = 'waiting' | 'sending' | 'gathered' | 'accepted' | 'failed'

/** The message that an automatic answer answers, as it was reported. */
export interface Answered {
  ref: string
  at: string
  context: unknown
}

/** The body of a message. `answers` is in it, since a column of its own would have to be read by every turn. */
export type Body = ChatMessage & { answers?: Answered }

/** Messages of the CRM, and automatic answers of channels. */
export const messages = pgTable(
  'messages',
  {
    id: id(),
    registrationId: key(),
    conversationId: key(),
    crmId: text(),
    body: json().$type<Body>().notNull(),
    state: text().$type<MessageState>().notNull().default('waiting'),
    attempts: integer().notNull().default(0),
    /** Replays by an operator. */
    replays: integer().notNull().default(0),
    /** The time before which the message is not sent. */
    dueAt: now(),
    /** The gateway's id. */
    ref: text(),
    status: text().$type<Status>(),
    reason: text(),
    story: jsonb().$type<readonly StoryEntry[]>().notNull().default([]),
    /** The message was alone in its lot, so it is sent by itself. */
    alone: boolean().notNull().default(false),
    /** Events that the channel foresaw and that are still to come. */
    later: json().$type<readonly Later[]>(),
    /** The channel's ref of an automatic answer. */
    answer: text(),
    /** Progress that the last attempt left for the next one. */
    progress: json().$type<Boxed>(),
    /** Parts that the gateway returned, since the message was posted or last replayed, to go another way: a part goes by each way once. */
    returned: json().$type<readonly Returned[]>(),
    doubt: text().$type<Doubt>(),
    /** Deaths of hosts that had it in hand. */
    deaths: integer().notNull().default(0),
    /** The number of its parts, where its channel named it for a message in doubt. */
    partCount: integer(),
    /** The message has rows of parts; a message that was taken whole at once has none. */
    inParts: boolean().notNull().default(false),
    createdAt: now(),
    settledAt: time()
  },
  t => [
    unique('messages_crm_id').on(t.registrationId, t.crmId),
    index('messages_ref').on(t.registrationId, t.ref).where(sql`ref is not null`),
    // For the removal of conversations.
    index('messages_conversation').on(t.conversationId),
    // On columns that a claim does not change: the new row version then needs no new entries.
    index('messages_unsettled').on(t.conversationId, t.id).where(sql`settled_at is null`),
    index('messages_settled').on(t.settledAt).where(sql`settled_at is not null`),
    uniqueIndex('messages_answer').on(t.registrationId, t.answer).where(sql`answer is not null`)
  ]
)

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
    registrationId: key(),
    conversationId: key(),
    kind: text().$type<'status' | 'incoming'>().notNull(),
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
