import type { Cost } from 'channel-kit/event'
import type { Outcome } from 'channel-kit/outcome'

/**
 * The meter: parts of the host tell it what happens, at the place where it happens and once it is stored for good. Each call
 * names the registration; a label that grows with the number of them is for the meter to leave out.
 */

export type Lane = 'normal' | 'bulk'

/** `answered`: a handshake. `unknown`: no registration has the address. `failed`: it could not be read or stored. */
export const WEBHOOK_RESULTS = ['taken', 'answered', 'refused', 'unknown', 'failed'] as const
export const OUTBOX_RESULTS = ['delivered', 'again', 'parked', 'stopped', 'archived'] as const
export const OUTCOMES = ['accepted', 'retry', 'throttled', 'rejected', 'unknown'] as const satisfies Outcome['kind'][]
export const SETTLED = ['accepted', 'failed'] as const

/** A price that a gateway has told; `before`: the one that it told earlier of the same message or part. */
export interface Charge {
  registrationId: number
  cost: Cost
  before: Cost | null
}

export interface Meter {
  /** Messages of a CRM or an API client are stored for good. */
  accepted(registrationId: number, lane: Lane, messages?: number): void
  /** A CRM has waited so long for its 202. */
  answered(seconds: number): void
  /** A host has begun with a message, which was due for so long. */
  begun(registrationId: number, lane: Lane, waitedS: number): void
  /** An attempt, or a call for a lot, has ended. */
  attempted(registrationId: number, outcome: (typeof OUTCOMES)[number]): void
  /** A call of a gateway took so long. */
  called(registrationId: number, seconds: number): void
  settled(registrationId: number, state: (typeof SETTLED)[number], messages?: number): void
  /** A gateway that had taken a message reported that it could not be delivered. */
  undelivered(registrationId: number): void
  /** The CRM was offered an outbox item. */
  told(registrationId: number, result: (typeof OUTBOX_RESULTS)[number]): void
  /** A gateway has called a webhook; of an address that nobody has, only the channel is known. */
  heard(from: { registrationId: number } | { channel: string }, result: (typeof WEBHOOK_RESULTS)[number]): void
  /** A customer's message is new. */
  received(registrationId: number): void
  charged(charge: Charge): void
}

const nothing = () => {}

/** Counts nothing, where nobody reads it. */
export const NO_METER: Meter = {
  accepted: nothing,
  answered: nothing,
  begun: nothing,
  attempted: nothing,
  called: nothing,
  settled: nothing,
  undelivered: nothing,
  told: nothing,
  heard: nothing,
  received: nothing,
  charged: nothing
}

/** News of a transaction that is under way: they are told when it is committed. */
export interface Heard {
  /** Registrations of messages that ended without being sent, one of each. */
  ended: number[]
  /** Registrations of messages that gateways had taken and could not deliver, one of each. */
  undelivered: number[]
  received: number[]
  charged: Charge[]
}

export const nothingHeard = (): Heard => ({ ended: [], undelivered: [], received: [], charged: [] })

export function tellHeard(meter: Meter, { ended, undelivered, received, charged }: Heard): void {
  for (const registrationId of ended) meter.settled(registrationId, 'failed')
  for (const registrationId of undelivered) meter.undelivered(registrationId)
  for (const registrationId of received) meter.received(registrationId)
  for (const charge of charged) meter.charged(charge)
}
