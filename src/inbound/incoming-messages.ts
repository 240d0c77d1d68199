import type { MessageEvent } from 'channel-kit/event'
import { MOST } from 'channel-kit/limits'
import { lineFacts } from '../events/line-facts.ts'
import type { NewOutboxItem } from '../outbox/enqueue.ts'
import { textsOf } from '../protocol/cut-text.ts'
import type { Conversation } from '../queue/conversations.ts'

/**
 * Outbox items of a customer's message: a single item, unless the text or the number of files is more than an item can
 * have. Nothing that a customer wrote is left out. The CRM knows the contact by the name that it had first.
 */
export function incomingItems({ id, contact }: Conversation, event: MessageEvent): NewOutboxItem[] {
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

/** A message as the feed tells it. */
export const receivedBody = ({ ref, at, ...line }: MessageEvent) => ({
  ref,
  ...(at ? { sentAt: at.toISOString() } : {}),
  ...lineFacts(line)
})

const pieces = (length: number, most: number): [number, number][] =>
  Array.from({ length: Math.ceil(length / most) }, (_, index) => [index * most, (index + 1) * most])
