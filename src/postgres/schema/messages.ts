import type { ChatMessage, Status } from 'channel-kit/chat'
import type { Cost } from 'channel-kit/event'
import type { Later, Returned } from 'channel-kit/outcome'
import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  index,
  integer,
  json,
  jsonb,
  pgTable,
  primaryKey,
  text,
  unique,
  uniqueIndex,
  uuid
} from 'drizzle-orm/pg-core'
import type { StoryEntry } from '../../messages/story.ts'
import { type Boxed, bareKey, id, now, time } from './columns.ts'
import { owner } from './registrations.ts'

/** Messages to customers, and the parts in which gateways took them. */

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

/** Marketing needs the contact's consent; a service message does not. */
export type Purpose = 'marketing' | 'service'

/** When the CRM hears of a message that it did not send: with the contact's next message, or as soon as it is sent. */
export type TellCrm = 'whenAnswered' | 'always'

/** Messages of the CRM and of API clients, and automatic answers of channels. */
export const messages = pgTable(
  'messages',
  {
    id: id(),
    registrationId: bareKey(),
    conversationId: bareKey(),
    crmId: text(),
    /** The API client by its name, and the message's id there; both are null for a message of the CRM. */
    client: text(),
    clientId: text(),
    /** The lane: a bulk message goes when normal ones leave room. */
    bulk: boolean().notNull().default(false),
    /** Not in line before; null: since it was accepted. The database's clock counts, here and for `expiresAt`. */
    notBefore: time(),
    /** Not begun after; the message then ends as failed. */
    expiresAt: time(),
    tag: text(),
    purpose: text().$type<Purpose>(),
    /** Ends as failed where a person talks with the contact when it is its turn. */
    ifNotHeld: boolean().notNull().default(false),
    /** The last line of its conversation, as an event: it ends as failed if another has come by its turn. -1: one has come. */
    ifLine: bigint({ mode: 'number' }),
    /** Null: the CRM knows of it, or is not to. */
    tellCrm: text().$type<TellCrm>(),
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
    /** The gateway's own code of the last status, and its price; of a message in parts, each part has its own. */
    code: text(),
    cost: json().$type<Cost>(),
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
    /** The span in which it was posted, as W3C Trace Context has it; null: in no trace. */
    traceparent: text(),
    /** The message has rows of parts; a message that was taken whole at once has none. */
    inParts: boolean().notNull().default(false),
    /**
     * The group of a failed message: its reason without the pieces that vary (`failure_reason` of migrations/0019_console.sql), with
     * the gateway's code, as a hash. Null: it has not failed. Neither a claim nor a status of a message that goes well changes it, so
     * that their new row versions need no entries in its index.
     */
    failure: uuid().generatedAlwaysAs(
      sql`case when state = 'failed' or (state = 'accepted' and status = 'error') then md5(coalesce(failure_reason(reason), '') || chr(10) || coalesce(code, ''))::uuid end`
    ),
    createdAt: now(),
    settledAt: time()
  },
  t => [
    unique('messages_crm_id').on(t.registrationId, t.crmId),
    index('messages_ref').on(t.registrationId, t.ref).where(sql`ref is not null`),
    // For the removal of conversations.
    index('messages_conversation').on(t.conversationId),
    // On columns that a claim does not change: the new row version then needs no new entries.
    index('messages_unsettled').on(t.conversationId, t.bulk, t.id).where(sql`settled_at is null`),
    uniqueIndex('messages_client_id').on(t.registrationId, t.client, t.clientId).where(sql`client_id is not null`),
    index('messages_tag').on(t.registrationId, t.tag).where(sql`tag is not null`),
    index('messages_scheduled')
      .on(t.conversationId, t.notBefore)
      .where(sql`not_before is not null and settled_at is null`),
    // In the order of their times, those that come into line before bulk ones.
    index('messages_coming').on(t.notBefore).where(sql`not_before is not null and settled_at is null and not bulk`),
    index('messages_untold').on(t.conversationId, t.id).where(sql`tell_crm is not null`),
    index('messages_expiring').on(t.expiresAt).where(sql`expires_at is not null and settled_at is null`),
    index('messages_settled').on(t.settledAt).where(sql`settled_at is not null`),
    // For lists of one registration, whose messages may all be old.
    index('messages_registration').on(t.registrationId, t.id),
    // For lists of failed messages, and the search by a piece of their reasons.
    index('messages_failed').on(t.id, t.registrationId).where(sql`failure is not null`),
    // With all that a list of failures counts, so that it need not read the messages.
    index('messages_failure').on(t.registrationId, t.failure, t.settledAt, t.id).where(sql`failure is not null`),
    uniqueIndex('messages_answer').on(t.registrationId, t.answer).where(sql`answer is not null`)
  ]
)

/** Parts of messages that the gateway did not take whole at once, with their refs. */
export const messageParts = pgTable(
  'message_parts',
  {
    messageId: bigint({ mode: 'number' })
      .notNull()
      .references(() => messages.id, { onDelete: 'cascade' }),
    part: integer().notNull(),
    ref: text().notNull(),
    registrationId: owner(),
    status: text().$type<Status>(),
    code: text(),
    cost: json().$type<Cost>(),
    /** The part failed, and the message was replayed since: later reports about this ref are not about the message any more. */
    dropped: boolean().notNull().default(false)
  },
  t => [primaryKey({ columns: [t.messageId, t.part, t.ref] }), index('message_parts_ref').on(t.registrationId, t.ref)]
)
