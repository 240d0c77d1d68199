/** Events of the feed. */

export type EventType =
  | 'message.received'
  | 'message.status'
  | 'message.sent_elsewhere'
  | 'contact.renamed'
  | 'registration.paused'
  | 'registration.changed'

/** The fields of an event beside its registration and its time. */
export type EventBody = Readonly<Record<string, unknown>>
