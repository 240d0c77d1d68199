import type { GatewayEvent, StatusEvent } from 'channel-kit/event'
import { sanitize } from '../postgres/sanitize-text.ts'
import type { MatchedMessage, ReportedEvent } from './match-messages.ts'

/** What gateways said, as the database takes it. */

/** Statuses of which one counts at most, by any of them. */
export type Siblings = ReadonlyMap<unknown, readonly StatusEvent[]>

/** Each status that an event may stand for is an event of its own. */
export function normalize(given: readonly ReportedEvent[]): { all: ReportedEvent[]; siblings: Siblings } {
  const siblings = new Map<unknown, readonly StatusEvent[]>()
  const all = given.flatMap(({ registrationId, event }): ReportedEvent[] => {
    if (event.kind !== 'either') return [{ registrationId, event: plainEvent(event) }]
    const statuses = event.statuses.map(plainStatus)
    for (const status of statuses) siblings.set(status, statuses)
    return statuses.map(status => ({ registrationId, event: status }))
  })
  return { all, siblings }
}

/** Where several siblings are known, since a gateway gave two messages the same id, it is the later one. */
export function latestOf(
  known: ReadonlyMap<GatewayEvent, MatchedMessage | null>,
  siblings: Siblings
): ReadonlyMap<GatewayEvent, MatchedMessage | null> {
  const idOf = (event: GatewayEvent) => known.get(event)?.id ?? 0
  return new Map([...known].filter(([event]) => (siblings.get(event) ?? []).every(other => idOf(other) <= idOf(event))))
}

function plainEvent(event: Exclude<ReportedEvent['event'], { kind: 'either' }>): ReportedEvent['event'] {
  switch (event.kind) {
    case 'status':
      return plainStatus(event)
    case 'renamed':
      return { ...event, from: sanitize(event.from), to: sanitize(event.to) }
    case 'note':
      return { ...event, name: sanitize(event.name) }
    case 'answer':
      return { ...event, ...namesOf(event), ...(event.answers ? { answers: sanitize(event.answers) } : {}) }
    case 'message':
      return { ...event, ...namesOf(event) }
  }
}

const namesOf = ({ ref, contact }: { ref: string; contact: string }) => ({
  ref: sanitize(ref),
  contact: sanitize(contact)
})

const plainStatus = (event: StatusEvent): StatusEvent => ({
  ...event,
  ref: sanitize(event.ref),
  ...(event.reason ? { reason: sanitize(event.reason) } : {}),
  ...(event.way ? { way: sanitize(event.way) } : {}),
  ...(event.contact ? { contact: sanitize(event.contact) } : {})
})
