import type { EitherEvent, StatusEvent } from 'channel-kit/event'
import { OPERATOR_NAMES, OPERATORS, type Operator, type OperatorMemory } from './operators.ts'

/** Meanings of the gateway's reports. Source: README.md, "Statuses". */

export type Report = 'billed' | 'delivered' | 'not_delivered' | 'operator_changed' | 'error'

/** `D0` is O2's word for delivered, and the others' for not. */
export function classify(code: string, operator: Operator | undefined): Report {
  if (code === '_OPERATOR_CHANGE') return 'operator_changed'
  const [, family, digits] = /^([AD])(\d{1,5})$/.exec(code) ?? []
  const number = Number(digits)
  if (family === 'A') return number === 0 ? 'billed' : number < 1_024 ? 'error' : 'not_delivered'
  if (family === 'D') return number === 1 ? 'delivered' : number === 0 ? zero(operator) : 'error'
  return 'error'
}

const zero = (operator: Operator | undefined): Report => (operator === '2' ? 'delivered' : 'not_delivered')

/** The gateway's own words; any other text is in the reason. */
const CODE = /^[\w-]{1,32}$/

const STATUSES = {
  billed: 'sent',
  delivered: 'delivered',
  not_delivered: 'error',
  // The message has not gone out, so it may go by the operator that is known now, if there is one.
  operator_changed: 'returned',
  error: 'error'
} as const satisfies Record<Report, StatusEvent['status']>

/**
 * A report means one thing or another by the operator that the message went to,
 * which the gateway does not repeat. So a message is known by its id and its
 * operator, and a report says what it is for each operator.
 */
export const refOf = (id: string, operator: Operator) => `${id}/${operator}`

export const reportEvent = (id: string, code: string, { billkey, now }: Known): EitherEvent => ({
  kind: 'either',
  statuses: OPERATORS.map(operator => statusEvent(refOf(id, operator), { code, operator, billkey, now }))
})

interface Known {
  /** The only one that messages are sent with. */
  billkey: string | undefined
  now: Date
}

function statusEvent(
  ref: string,
  { code, operator, billkey, now }: Known & { code: string; operator: Operator }
): StatusEvent {
  const report = classify(code, operator)
  const remember = memoryOf(report, operator, now)
  return {
    kind: 'status',
    ref,
    status: STATUSES[report],
    ...(CODE.test(code) ? { code } : {}),
    // The price of a key is in the contract with the gateway.
    ...(report === 'billed'
      ? { cost: { unit: 'message', type: 'billed', ...(billkey ? { category: billkey } : {}) } }
      : {}),
    ...(report === 'delivered' ? {} : { reason: reasonOf(report, code, operator) }),
    ...(remember ? { remember } : {})
  }
}

function memoryOf(report: Report, operator: Operator, now: Date): OperatorMemory | undefined {
  if (report === 'billed' || report === 'delivered') return { operator }
  return report === 'operator_changed' ? { left: operator, at: now.toISOString() } : undefined
}

function reasonOf(report: Report, code: string, operator: Operator): string {
  if (report === 'billed') return `The gateway has charged it (${code})`
  if (report === 'operator_changed') return `The number is no longer with ${OPERATOR_NAMES[operator]} (${code})`
  if (report === 'not_delivered') return `Not delivered (${code})`
  return `The gateway reports an error (${code.slice(0, 40) || 'without a code'})`
}
