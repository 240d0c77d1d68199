import type { Cost } from './event.ts'
import type { Outgoing } from './outcome.ts'
import type { Tools } from './tools.ts'

/**
 * For a gateway that takes messages in lots: opened, filled in chunks, closed.
 * The host gathers the messages, keeps lots and chunks with their states, and
 * calls a verb only when what came before it is known and stored. What a verb
 * throws, and a missed deadline, the host reads as `unknown` if a request was
 * written, as `retry` if none was.
 */
export interface Lots<Settings, Options> {
  /** How the registration gathers. `key`: of the lot, where a certain one is meant. */
  limits(settings: Settings, key?: unknown): LotLimits

  /** Decides how a message goes: into a lot, by itself, or not at all. Decided at once and without the gateway. */
  prepare(message: Outgoing, tools: Tools<Settings, Options>): Promise<Prepared>

  /** Called once there is something to put into it. `cost`: the price of each of its messages, where the gateway tells it. */
  open(lot: Lot, tools: Tools<Settings, Options>): Promise<LotOutcome<OpenedLot>>

  /** All of the items or none. `rejected`: something among them; the host calls again with fewer until it knows what. */
  add(
    lot: OpenLot,
    items: readonly unknown[],
    tools: Tools<Settings, Options>
  ): Promise<LotOutcome<{ kind: 'added' } | { kind: 'rejected'; reason: string }>>

  /** Called once nothing more follows, and again until it is known to be closed. */
  close(lot: OpenLot, tools: Tools<Settings, Options>): Promise<LotOutcome<{ kind: 'closed' }>>
}

export interface OpenedLot {
  kind: 'opened'
  ref: string
  cost?: Cost
}

export interface LotLimits {
  /** Messages of a lot; with so many it takes no more. */
  items: number
  /** Most items of one `add`. */
  chunk: number
  /** How long a lot gathers, from its first message on. */
  windowMs: number
  /** A lot that gathered a single message is none: the message goes by the channel's `send`. */
  single: boolean
  /** A call that may have got through is repeated, rather than given up. */
  repeats: boolean
}

/**
 * - `item`: a part of a lot. Messages of equal `key` are gathered together.
 * - `alone`: it goes by the channel's `send`, now.
 * - `rejected`: it will never be taken; the CRM is told `error`.
 */
export type Prepared = PreparedItem | { kind: 'alone' } | { kind: 'rejected'; reason: string }

export interface PreparedItem {
  kind: 'item'
  /** The name of the lot, for operators. */
  name: string
  /** Everything that `open` needs to know of the lot; JSON. */
  key: unknown
  /** The item that `add` is handed; JSON. */
  item: unknown
  /** A lot has it once: the same item again is in error, another one goes into a later lot. Not given: no limit. */
  dedupe?: string
}

export interface Lot {
  /** Unique over all registrations. */
  id: string
  name: string
  key: unknown
  /** Messages that it has. */
  items: number
  /** An earlier call of this verb may have got through. */
  doubtful: boolean
}

export interface OpenLot extends Lot {
  /** The gateway's id of the lot. */
  ref: string
}

/**
 * How a call for a lot ended, other than well.
 *
 * - `retry`: surely without effect; again, by the queue's interval or after `afterMs`.
 * - `throttled`: the account may not go on now, as when it is too fast or its route is refused: everything of the
 *   registration waits `afterMs`, no attempt is counted.
 * - `refused`: for good, and not for an item's sake. What has not left fails.
 * - `unknown`: it may have got through. Repeated only where the limits say so; a `close` always is.
 */
export type LotOutcome<Well> =
  | Well
  | { kind: 'retry'; reason: string; afterMs?: number }
  | { kind: 'throttled'; reason: string; afterMs: number }
  | { kind: 'refused'; reason: string }
  | { kind: 'unknown'; reason: string }
