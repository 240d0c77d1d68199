import type { Operator } from '../src/operators.ts'
import type { Fields } from './documents.ts'

/** Knobs for tests. */

/**
 * How the next answer goes wrong.
 *
 * - `status`: this code, and nothing was taken.
 * - `no-id`: 200 and a document without an id, as a refusal may look.
 * - `not-xml`: 200 and something else.
 * - `close`: the connection ends before the request counts.
 * - `delay`: taken, and answered so much later.
 * - `drop`: taken, and the connection ends instead of an answer.
 */
export type Fault =
  | { kind: 'status'; code: number; retryAfter?: number }
  | { kind: 'no-id' | 'not-xml' | 'close' | 'drop' }
  | { kind: 'delay'; ms: number }

/** A `status` document to come. */
export interface Report {
  status: string
  /** Another id than the message's. */
  id?: string
  /** True if the report overtakes the answer to the `send`. */
  early?: boolean
}

/** A message that the gateway took. */
export interface Taken {
  id: string
  fields: Fields
  at: Date
}

export interface Knobs {
  /** The command of the answer to a `send`; the real name is not known. */
  answerCommand: 'send_rsp' | 'rcv_rsp'
  /** In this order. */
  reports: (message: Taken) => readonly Report[]
  /** Which operator a number really is with; a message by another is reported `_OPERATOR_CHANGE`. */
  operators: Map<string, Operator>
  /** How often a `receive` is repeated until its answer comes. Invented: what the real gateway does is not known. */
  repeat: { everyMs: number; times: number }
}

export const usualKnobs = (): Knobs => ({
  answerCommand: 'send_rsp',
  reports: () => [{ status: 'D1' }],
  operators: new Map(),
  repeat: { everyMs: 200, times: 50 }
})

export const reportsOf = (message: Taken, { operators, reports }: Knobs): readonly Report[] => {
  const real = operators.get(message.fields.to ?? '')
  return real && real !== message.fields.operator_type ? [{ status: '_OPERATOR_CHANGE' }] : reports(message)
}
