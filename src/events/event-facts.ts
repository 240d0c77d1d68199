import type { EventType } from './event.ts'
import type { FedEvent } from './feed.ts'

/** An event as clients get it, from the feed and by webhooks. Bodies have only the fields that they need. */
export function eventFacts({ position, at, type, registrationId, contact, names, body }: FedEvent) {
  const common = { id: String(position), at: at.toISOString(), type, registration: registrationId }
  return { ...common, ...defaultsOf(type, contact, names), ...body }
}

const NO_LINE = { subject: null, text: null, format: null, isCut: false, attachments: [], attachmentCount: 0 }

function defaultsOf(type: EventType, contact: string | null, names: FedEvent['names']) {
  switch (type) {
    case 'message.status':
      return { contact, ...names, reason: null, code: null, cost: null, part: null }
    case 'message.received':
      return { contact, sentAt: null, ...NO_LINE }
    case 'message.sent_elsewhere':
      return { contact, message: null, crmId: names.crmId, ref: null, sentAt: null, ...NO_LINE }
    case 'conversation.held':
      return { contact, until: null, reason: null }
    case 'contact.renamed':
    case 'contact.suppressed':
      return { contact }
    case 'template.changed':
      return { language: null, status: null, reason: null, category: null, categoryBefore: null, categoryNext: null }
    case 'quality.changed':
      return { language: null, event: null, from: null, to: null, limit: null, limitBefore: null }
    default:
      return {}
  }
}
