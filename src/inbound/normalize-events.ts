import type { GatewayEvent, StatusEvent } from 'channel-kit/event'
import { sanitize } from '../postgres/sanitize-text.ts'
import type { MatchedMessage, ReportedEvent } from './match-messages.ts'

/** Normalizes events: no NUL, and each status that an event may stand for is an event of its own. */

/** Statuses of the same event, of which one counts at most, by each of them. */
export type Siblings = ReadonlyMap<unknown, readonly StatusEvent[]>

export function normalize(given: readonly ReportedEvent[]): { all: ReportedEvent[]; siblings: Siblings } {
  const siblings = new Map<unknown, readonly StatusEvent[]>()
  const all = given.flatMap(({ registrationId, event }): ReportedEvent[] => {
    if (event.kind !== 'either') return [{ registrationId, event: sanitizedEvent(event) }]
    const statuses = event.statuses.map(sanitizedStatus)
    for (const status of statuses) siblings.set(status, statuses)
    return statuses.map(status => ({ registrationId, event: status }))
  })
  return { all, siblings }
}

/** If several siblings match messages, since a gateway gave two messages the same ref, the later message counts. */
export function latestOf(
  matched: ReadonlyMap<GatewayEvent, MatchedMessage | null>,
  siblings: Siblings
): ReadonlyMap<GatewayEvent, MatchedMessage | null> {
  const idOf = (event: GatewayEvent) => matched.get(event)?.id ?? 0
  return new Map(
    [...matched].filter(([event]) => (siblings.get(event) ?? []).every(other => idOf(other) <= idOf(event)))
  )
}

function sanitizedEvent(event: Exclude<ReportedEvent['event'], { kind: 'either' }>): ReportedEvent['event'] {
  switch (event.kind) {
    case 'status':
      return sanitizedStatus(event)
    case 'renamed':
      return { ...event, from: sanitize(event.from), to: sanitize(event.to) }
    case 'consent':
      return { ...event, contact: sanitize(event.contact) }
    case 'note':
      return { ...event, name: sanitize(event.name) }
    case 'answer':
      return { ...event, ...namesOf(event), ...(event.answers ? { answers: sanitize(event.answers) } : {}) }
    case 'message':
      return { ...event, ...namesOf(event) }
    // Texts of news go into JSON alone, which is sanitized as it is written.
    case 'template':
    case 'quality':
      return event
  }
}

const namesOf = ({ ref, contact }: { ref: string; contact: string }) => ({
  ref: sanitize(ref),
  contact: sanitize(contact)
})

const sanitizedStatus = (event: StatusEvent): StatusEvent => ({
  ...event,
  ref: sanitize(event.ref),
  ...(event.reason ? { reason: sanitize(event.reason) } : {}),
  ...(event.way ? { way: sanitize(event.way) } : {}),
  ...(event.contact ? { contact: sanitize(event.contact) } : {})
})
