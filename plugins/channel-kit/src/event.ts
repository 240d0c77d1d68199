import type { Attachment, AttachmentType, ChatMessage, Content, Status } from './chat.ts'

/** Events of a gateway. Stored in one transaction, in the order given, before the gateway is answered. */
export type GatewayEvent =
  | StatusEvent
  | EitherEvent
  | MessageEvent
  | AnswerEvent
  | RenamedEvent
  | ConsentEvent
  | NoteEvent
  | TemplateEvent
  | QualityEvent

/** How far a message, or a part of one, got. */
export interface StatusEvent {
  kind: 'status'
  /** The gateway's id of the message or part. One that is not known yet is kept until it is. */
  ref: string
  /**
   * `returned`: the gateway gave it back undelivered, and it may go another way. It is handed to `send` once more, and is
   * an error if it was before, by the same `way`.
   */
  status: Status | 'returned'
  reason?: string
  /** The gateway's own code of it, such as that of an error. */
  code?: string
  /** The gateway's charge for the message or part. */
  cost?: Cost
  /** With `returned`: the other way that it may go, in a word of the channel's. `send` is handed it. */
  way?: string
  /** With `returned`: how long it waits first. */
  afterMs?: number
  /**
   * Which message it is about, where the gateway says so by the `id` that `send` gave it. Without `part` the message is
   * one part and the gateway has all of it; a channel that splits messages always says which part.
   */
  message?: { id: string; part?: number }
  /** The gateway's name of the contact that the message went to: an answer by that name comes into the same chat. */
  contact?: string
  /** JSON that replaces the `memory` of the message's conversation. */
  remember?: unknown
}

/** The price of a message or part, as far as the gateway tells it. */
export interface Cost {
  /** The thing that is counted, such as `message` or `segment`; `count` where there are several. */
  unit: string
  count?: number
  /** The gateway's words, such as `marketing` and `regular`. */
  category?: string
  type?: string
  model?: string
  /** In `currency` (ISO 4217). */
  amount?: number
  currency?: string
}

/**
 * A status whose meaning depends on what `send` knew and the gateway does not repeat. `send` puts that into the ref, as
 * in `id/operator`, and the event says what each such ref would mean.
 */
export interface EitherEvent {
  kind: 'either'
  /** The one whose ref is known counts, and the others are nothing. While none is known they are all kept. */
  statuses: readonly StatusEvent[]
}

/** A message of a customer, or of the business to one. */
export interface MessageEvent extends Omit<ChatMessage, 'attachments'> {
  kind: 'message'
  /**
   * `business`: a person of the business wrote it to the contact, not through the host, such as on a phone that shares the
   * number. The CRM is told of it all the same, but it is no answer of the customer's. `channel`: the channel itself tells
   * the agents something in the chat. Without it the customer wrote it.
   */
  by?: 'business' | 'channel'
  /** By the business: the CRM is not told of it. */
  hidden?: boolean
  /** The gateway's id of the message; the same one twice is one message. */
  ref: string
  /** When the gateway got it; now, if it does not say. */
  at?: Date
  attachments: readonly (Attachment | Media)[]
  /** Context of the message for a later `send` in this conversation; JSON. */
  context?: unknown
  /** JSON that replaces the `memory` of the conversation. */
  remember?: unknown
}

/** A file that has to be fetched from the gateway by the channel's `download`, before the CRM is told of the message. */
export interface Media {
  /** The file as `download` needs it; JSON. */
  media: unknown
  name: string
  type: AttachmentType
}

/**
 * How a download ended.
 *
 * - `ready`: what the CRM is given instead of the media.
 * - `retry`: it may work later, and is asked for an hour at most; the conversation waits for it for a moment only.
 * - `gone`: it never will; `text` is added to the message instead.
 */
export type Downloaded =
  | { kind: 'ready'; attachment: Attachment }
  | { kind: 'retry'; reason: string; afterMs?: number }
  | { kind: 'gone'; reason: string; text: string }

/** A message of the channel's own to the customer, such as an automatic answer. The CRM is not told of it. */
export interface AnswerEvent {
  kind: 'answer'
  /** The same one twice is one answer: name what is answered. */
  ref: string
  /** The `ref` of the message that is answered: `send` is handed that one, at every attempt, as `answers`. */
  answers?: string
  contact: string
  content: Content
}

/** A customer is known to the gateway by another name from now on; the conversation goes on. */
export interface RenamedEvent {
  kind: 'renamed'
  from: string
  to: string
}

/**
 * A customer's wish about messages, told to the gateway: the host sends no more of them, or does again. Words that customers
 * write, such as STOP, are the host's own affair.
 */
export interface ConsentEvent {
  kind: 'consent'
  contact: string
  /** `all`: not even what agents write. */
  purpose: 'marketing' | 'all'
  isGiven: boolean
}

/** A note, found again in `tools.notes`: about the account, not about a conversation. */
export interface NoteEvent {
  kind: 'note'
  name: string
  /** JSON; null forgets it. */
  value: unknown
}

/** A template of the account is another one now, in the gateway's words. */
export interface TemplateEvent {
  kind: 'template'
  /** The same one twice is one change: name what changed, and when. */
  ref: string
  change: 'status' | 'category' | 'content'
  name: string
  language?: string
  status?: string
  reason?: string
  category?: string
  categoryBefore?: string
  /** The category that the gateway says it will have. */
  categoryNext?: string
}

/** The gateway thinks otherwise of the account's number, or of a template, and may let it send more or less for that. */
export interface QualityEvent {
  kind: 'quality'
  /** The same one twice is one change. */
  ref: string
  of: 'number' | 'template'
  /** The number, or the name of the template. */
  name: string
  language?: string
  /** The gateway's word for what happened. */
  event?: string
  from?: string
  to?: string
  /** The most that the number may send, as the gateway writes it. */
  limit?: string
  limitBefore?: string
}
