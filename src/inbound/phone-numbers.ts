import type { GatewayEvent, StatusEvent } from 'channel-kit/event'
import type { Outcome } from 'channel-kit/outcome'
import { numbered } from '../protocol/contact.ts'

/** Phone numbers in the events of channels, brought into one form, whichever form the gateway uses. */

/** Brings the contacts of a channel's events into their form; channels without numbers keep the gateway's own names. */
export type Naming = (events: readonly GatewayEvent[]) => readonly GatewayEvent[]

export const asTheyAre: Naming = events => events

export const asNumbers: Naming = events => events.map(withNumbers)

function withNumbers(event: GatewayEvent): GatewayEvent {
  switch (event.kind) {
    case 'message':
    case 'answer':
    case 'consent':
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

/** The outcome of an attempt, with its events named likewise. */
export function outcomeBy(naming: Naming, outcome: Outcome): Outcome {
  if (outcome.kind === 'rejected' && outcome.events) return { ...outcome, events: naming(outcome.events) }
  if (outcome.kind !== 'accepted' || !outcome.later) return outcome
  return { ...outcome, later: outcome.later.map(step => ({ ...step, events: naming(step.events) })) }
}
