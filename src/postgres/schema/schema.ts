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

/** Hosts that live: when each last said so, and the names under which it locks jobs. */
export const hosts = pgTable('hosts', {
  id: text().primaryKey(),
  pools: text().array().notNull(),
  /** Items a second that it begins; null for one that does not say, which is given none by the others. */
  loads: json().$type<{ send: number; tell: number }>(),
  seenAt: now()
})

/** One plugin instance of one company at one channel. It is the account, and the tenant. */
export const registrations = pgTable(
  'registrations',
  {
    id: id(),
    channel: text().notNull(),
    companyId: text().notNull(),
    alias: text().notNull(),
    pluginId: text().notNull(),
    /** Of the cluster that made it, whose tokens alone open it; empty: none does until an operator moves it. */
    origin: text().notNull().default(''),
    /** What the cluster calls itself, to the letter. */
    clusterUri: text().notNull(),
    country: text().notNull(),
    currency: text().notNull(),
    /** The secret shared with the CRM, sealed. */
    hpt: text().notNull(),
    /** What stands in the webhook's URL: sealed to be shown, hashed to be found. */
    webhookToken: text().notNull(),
    webhookHash: text().notNull().unique(),
    registeredAt: now(),
    /** When the last token that registered it was signed, in seconds, where one said so. */
    signedAt: doublePrecision(),
    /** The CRM said 418: it wants to hear nothing until it registers again. */
    archivedAt: time(),
    /** The operator would rather have a message twice than not at all. */
    retryUnknown: boolean().notNull().default(false),
    /** When the CRM last took something. */
    toldAt: time(),
    /** The gateway wants no message of this account before. */
    pausedUntil: time(),
    /** An operator holds its messages back until then, in 9999 where no end was said; saving settings leaves it. */
    operatorPausedUntil: time(),
    operatorPausedAt: time(),
    operatorPauseReason: text(),
    /** When a gateway last took a message of it, and called its webhook; saved every few seconds. */
    sentAt: time(),
    calledAt: time(),
    pollCursor: json().$type<Boxed>(),
    pollLeasedUntil: time(),
    /** The host that sends its messages; null: nothing is to be sent now, or a job is on its way to find a host. */
    sendingHost: text(),
    /** The same for what its CRM is to be told. */
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
 * Of a message or an item, which goes with its conversation: a trigger sees to
 * that (migrations/0005_trigger.sql). Whoever adds one has locked its
 * conversation, so nobody takes that away meanwhile. Foreign keys would look up
 * and lock the same rows once more for each, a quarter of what accepting costs.
 */
const key = () => bigint({ mode: 'number' }).notNull()

/** A contact of a registration. Order is kept within one, never across them. */
export const conversations = pgTable(
  'conversations',
  {
    id: id(),
    registrationId: owner(),
    contact: text().notNull(),
    /** When its oldest message that is not settled may be sent; null: it has none. */
    sendingDue: time(),
    /** The same for what the CRM has to be told of it. */
    tellingDue: time(),
    lastIncomingRef: text(),
    /** Where nobody said when, it is when it came, and the box of its context says that it is `assumed`. */
    lastIncomingAt: time(),
    lastIncomingContext: json().$type<Boxed & { assumed?: boolean }>(),
    /** What its channel chose to remember of it. */
    memory: json().$type<Boxed>(),
    /** By what name the gateway knows the contact now, if it has changed. */
    address: text(),
    /** Where an account may not write to a contact as often as it likes: not before. */
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
 * Of a message that may have left. `channel`: its channel wants it back when it
 * is due. `host`: it is given up when it is due. `heard`: a status said that
 * the gateway has all of it.
 */
export type Doubt = 'channel' | 'host' | 'heard'

/** `gathered`: it is in a lot. */
export type MessageState = 'waiting' | 'sending' | 'gathered' | 'accepted' | 'failed'

/** The message that an answer of its channel's own answers, as it was told of. */
export interface Answered {
  ref: string
  at: string
  context: unknown
}

/** What a message says; with `answers` in it a column of its own is not needed, nor a turn that hands it over. */
export type Body = ChatMessage & { answers?: Answered }

/** What the CRM wants sent, and what channels answer by themselves. */
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
    /** How often an operator had it sent once more. */
    replays: integer().notNull().default(0),
    /** Not before. */
    dueAt: now(),
    /** The gateway's id. */
    ref: text(),
    status: text().$type<Status>(),
    reason: text(),
    story: jsonb().$type<readonly StoryEntry[]>().notNull().default([]),
    /** It was alone in its lot, so it is sent by itself. */
    alone: boolean().notNull().default(false),
    /** Events that the channel foresaw and that are still to come. */
    later: json().$type<readonly Later[]>(),
    /** Of an answer of its channel's own: what names it. */
    answer: text(),
    /** What the last attempt left for the next one. */
    progress: json().$type<Boxed>(),
    /** What the gateway gave back, since it was posted or last replayed, to go another way: a part goes by each way once. */
    returned: json().$type<readonly Returned[]>(),
    doubt: text().$type<Doubt>(),
    /** How often a host died that had it in hand. */
    deaths: integer().notNull().default(0),
    /** How many parts it has, where its channel said so of one in doubt. */
    partCount: integer(),
    /** Whether there are rows of its parts. A message that was taken whole at once has none. */
    inParts: boolean().notNull().default(false),
    createdAt: now(),
    settledAt: time()
  },
  t => [
    unique('messages_crm_id').on(t.registrationId, t.crmId),
    index('messages_ref').on(t.registrationId, t.ref).where(sql`ref is not null`),
    // For whoever removes a conversation.
    index('messages_conversation').on(t.conversationId),
    // By a column that marking one as being sent leaves alone: the new row then needs no new entries.
    index('messages_unsettled').on(t.conversationId, t.id).where(sql`settled_at is null`),
    index('messages_settled').on(t.settledAt).where(sql`settled_at is not null`),
    uniqueIndex('messages_answer').on(t.registrationId, t.answer).where(sql`answer is not null`)
  ]
)

export type OutboxState = 'waiting' | 'delivered' | 'stopped' | 'parked'

/** Of an incoming message whose files are being fetched: what there is of them, in its order. */
export interface Fetching {
  attachments: readonly (Attachment | Media)[]
  /** How often it has been tried. */
  tries: number
  /** The CRM is told of the message without these files, which come as a line of their own. */
  late?: true
}

/** What the CRM has to be told. */
export const outbox = pgTable(
  'outbox',
  {
    id: id(),
    registrationId: key(),
    conversationId: key(),
    kind: text().$type<'status' | 'incoming'>().notNull(),
    /** The claim `body`. It is signed anew at each attempt. */
    body: json().$type<object>().notNull(),
    /** The same thing is told once. */
    dedupe: text().notNull(),
    /** Until it is null, or its files are late, the item is not due. */
    media: json().$type<Fetching>(),
    /** How often a host died that was fetching its files. */
    deaths: integer().notNull().default(0),
    state: text().$type<OutboxState>().notNull().default('waiting'),
    attempts: integer().notNull().default(0),
    dueAt: now(),
    reason: text(),
    /** Since when it is offered to the CRM: when it was stored, or replayed. */
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
