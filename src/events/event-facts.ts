import type { EventType } from './event.ts'
import type { FedEvent } from './feed.ts'

/** An event as clients get it, from the feed and by webhooks. Bodies have only the fields that they need. */
export function eventFacts({ position, at, type, registrationId, contact, names, body }: FedEvent) {
  const common = { id: String(position), at: at.toISOString(), type, registration: registrationId }
  return { ...common, ...defaultsOf(type, contact, names), ...body }
}

function defaultsOf(type: EventType, contact: string | null, names: FedEvent['names']) {
  switch (type) {
    case 'message.status':
      return { contact, ...names, reason: null, code: null, cost: null, part: null }
    case 'message.received':
      return { contact, sentAt: null, subject: null, text: null, format: null, isCut: false }
    case 'contact.renamed':
      return { contact }
    default:
      return {}
  }
}
