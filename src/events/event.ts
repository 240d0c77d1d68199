import type { Status } from 'channel-kit/chat'
import type { Cost } from 'channel-kit/event'

/** Events of the feed. */

export const EVENT_TYPES = [
  'message.received',
  'message.sent_elsewhere',
  'message.status',
  'contact.renamed',
  'contact.suppressed',
  'conversation.held',
  'registration.paused',
  'registration.changed',
  'template.changed',
  'quality.changed',
  'webhook.disabled'
] as const

export type EventType = (typeof EVENT_TYPES)[number]

/** Facts of an event beside its registration, its contact and its time. */
export type EventBody = Readonly<Record<string, unknown>>

/** An event to be written. */
export interface NewEvent {
  /** Null: it is about none, or about all of them. */
  registrationId: number | null
  /** The conversation that it is about, which the caller has locked; without one, the caller has locked the registration, if it is about one, and not only shared. */
  conversationId?: number
  type: EventType
  body: EventBody
}

/** A status as the feed tells it. */
export interface StatusNews {
  status: Status
  reason?: string | undefined
  code?: string | undefined
  /** A price that was not known before. */
  cost?: Cost | undefined
  /** The only part of a message in several parts that got so far. */
  part?: number | undefined
}

/** `message`: its id; what else a reader is told of the message is read with the event. */
export const statusFacts = (message: number, { status, reason, code, cost, part }: StatusNews) => ({
  message,
  status,
  ...(reason === undefined ? {} : { reason }),
  ...(code === undefined ? {} : { code }),
  ...(cost === undefined ? {} : { cost }),
  ...(part === undefined ? {} : { part })
})

interface OfMessage {
  id: number
  registrationId: number
  conversationId: number
}

export const statusEvent = ({ id, registrationId, conversationId }: OfMessage, news: StatusNews): NewEvent => ({
  registrationId,
  conversationId,
  type: 'message.status',
  body: statusFacts(id, news)
})

/** Changes of a registration that a feed tells. */
export type RegistrationChange = 'registered' | 'settings' | 'archived' | 'unarchived' | 'resumed'

export const changeEvent = (registrationId: number, change: RegistrationChange): NewEvent => ({
  registrationId,
  type: 'registration.changed',
  body: { change }
})

/** `registrationId`: of the webhook; the caller has locked it, or, where there is none, the webhook. */
export const webhookEvent = (registrationId: number | null, webhook: number, reason: string): NewEvent => ({
  registrationId,
  type: 'webhook.disabled',
  body: { webhook, reason }
})
