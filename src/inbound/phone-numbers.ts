import type { GatewayEvent, StatusEvent } from 'channel-kit/event'
import type { Outcome } from 'channel-kit/outcome'
import { numbered } from '../protocol/contact.ts'

/** What channels of phone numbers say, with every number in one form, whichever their gateway has. */

/** Names the contacts of a channel's events; those of other channels are their gateway's own words. */
export type Naming = (events: readonly GatewayEvent[]) => readonly GatewayEvent[]

export const asTheyAre: Naming = events => events

export const asNumbers: Naming = events => events.map(withNumbers)

function withNumbers(event: GatewayEvent): GatewayEvent {
  switch (event.kind) {
    case 'message':
    case 'answer':
      return { ...event, contact: numbered(event.contact) }
    case 'status':
      return statusWithNumber(event)
    case 'either':
      return { ...event, statuses: event.statuses.map(statusWithNumber) }
    case 'renamed':
      return { ...event, from: numbered(event.from), to: numbered(event.to) }
    default:
      return event
  }
}

const statusWithNumber = (event: StatusEvent): StatusEvent =>
  event.contact === undefined ? event : { ...event, contact: numbered(event.contact) }

/** The same of the events that an outcome of a send brings. */
export function outcomeBy(naming: Naming, outcome: Outcome): Outcome {
  if (outcome.kind === 'rejected' && outcome.events) return { ...outcome, events: naming(outcome.events) }
  if (outcome.kind !== 'accepted' || !outcome.later) return outcome
  return { ...outcome, later: outcome.later.map(one => ({ ...one, events: naming(one.events) })) }
}
