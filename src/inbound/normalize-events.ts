import type { GatewayEvent, StatusEvent } from 'channel-kit/event'
import { plain } from '../postgres/sanitize-text.ts'
import type { Known, Reported } from './match-messages.ts'

/** What gateways said, as the database takes it. */

/** Statuses of which one counts at most, by any of them. */
export type Siblings = ReadonlyMap<unknown, readonly StatusEvent[]>

/** Each status that an event may stand for is an event of its own. */
export function plainly(given: readonly Reported[]): { all: Reported[]; siblings: Siblings } {
  const siblings = new Map<unknown, readonly StatusEvent[]>()
  const all = given.flatMap(({ registrationId, event }): Reported[] => {
    if (event.kind !== 'either') return [{ registrationId, event: plainEvent(event) }]
    const statuses = event.statuses.map(plainStatus)
    for (const status of statuses) siblings.set(status, statuses)
    return statuses.map(status => ({ registrationId, event: status }))
  })
  return { all, siblings }
}

/** Where several siblings are known, since a gateway gave two messages the same id, it is the later one. */
export function lastOf(
  known: ReadonlyMap<GatewayEvent, Known | null>,
  siblings: Siblings
): ReadonlyMap<GatewayEvent, Known | null> {
  const idOf = (event: GatewayEvent) => known.get(event)?.id ?? 0
  return new Map([...known].filter(([event]) => (siblings.get(event) ?? []).every(other => idOf(other) <= idOf(event))))
}

function plainEvent(event: Exclude<Reported['event'], { kind: 'either' }>): Reported['event'] {
  switch (event.kind) {
    case 'status':
      return plainStatus(event)
    case 'renamed':
      return { ...event, from: plain(event.from), to: plain(event.to) }
    case 'note':
      return { ...event, name: plain(event.name) }
    case 'answer':
      return { ...event, ...namesOf(event), ...(event.answers ? { answers: plain(event.answers) } : {}) }
    case 'message':
      return { ...event, ...namesOf(event) }
  }
}

const namesOf = ({ ref, contact }: { ref: string; contact: string }) => ({ ref: plain(ref), contact: plain(contact) })

const plainStatus = (event: StatusEvent): StatusEvent => ({
  ...event,
  ref: plain(event.ref),
  ...(event.reason ? { reason: plain(event.reason) } : {}),
  ...(event.contact ? { contact: plain(event.contact) } : {})
})
