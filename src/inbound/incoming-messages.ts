import type { MessageEvent } from 'channel-kit/event'
import { MOST } from 'channel-kit/limits'
import type { NewEvent } from '../events/event.ts'
import { lineFacts } from '../events/line-facts.ts'
import type { NewOutboxItem } from '../outbox/enqueue.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { textsOf } from '../protocol/cut-text.ts'

/** A person of the business wrote it, not through this host: it answers nothing, and holds a conversation as one of the CRM's does. */
export const isByBusiness = ({ by }: MessageEvent): boolean => by === 'business'

export const isByCustomer = ({ by }: MessageEvent): boolean => by === undefined

/** The CRM is not told of it. Only of the business: what a customer wrote reaches the CRM whatever a channel says. */
export const isHidden = (event: MessageEvent): boolean => isByBusiness(event) && event.hidden === true

/**
 * Outbox items of a customer's message: a single item, unless the text or the number of files is more than an item can
 * have. Nothing that a customer wrote is left out. The CRM knows the contact by the name that it had first.
 * Of a hidden message there is an item too, by which a repeat is known, and nothing of the message is in it.
 */
export function incomingItems({ id, contact }: Conversation, event: MessageEvent): NewOutboxItem[] {
  if (isHidden(event)) return [{ kind: 'hidden', conversationId: id, ref: event.ref }]
  const texts = textsOf(event.content)
  const files = pieces(event.attachments.length, MOST.attachments).map(([from, to]) =>
    event.attachments.slice(from, to)
  )
  return Array.from({ length: Math.max(1, texts.length, files.length) }, (_, index) => ({
    kind: 'incoming' as const,
    conversationId: id,
    // The first item's ref decides that the message is new; each item has a ref of its own, so each is added once.
    ref: index === 0 ? event.ref : `${event.ref} +${index}`,
    message: { contact, subject: event.subject, content: texts[index] ?? null },
    attachments: files[index] ?? []
  }))
}

/**
 * A message as the feed tells it; a line of the channel's to the agents is none. A business writes elsewhere on a phone that
 * shares the number; no channel knows of another way.
 */
export function messageNews(event: MessageEvent): Pick<NewEvent, 'type' | 'body'> | undefined {
  if (isByCustomer(event)) return { type: 'message.received', body: messageBody(event) }
  return isByBusiness(event)
    ? { type: 'message.sent_elsewhere', body: { source: 'phone', ...messageBody(event) } }
    : undefined
}

const messageBody = ({ ref, at, ...line }: MessageEvent) => ({
  ref,
  ...(at ? { sentAt: at.toISOString() } : {}),
  ...lineFacts(line)
})

const pieces = (length: number, most: number): [number, number][] =>
  Array.from({ length: Math.ceil(length / most) }, (_, index) => [index * most, (index + 1) * most])
