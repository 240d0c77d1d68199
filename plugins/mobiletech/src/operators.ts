/** Slovak mobile operators, and which of them a number is with. Source: README.md, "Operators". */

export type Operator = 'T' | 'O' | '2' | 'S'

export const OPERATORS = ['T', 'O', '2', 'S'] as const satisfies readonly Operator[]

export const OPERATOR_NAMES = {
  T: 'Telekom',
  O: 'Orange',
  2: 'O2',
  S: '4ka'
} as const satisfies Record<Operator, string>

/** The three digits after +421. A number may have moved since, so this is a guess. */
const PREFIXES = {
  T: ['901', '902', '903', '904', '909', '910', '911', '912', '914'],
  O: ['905', '906', '907', '908', '915', '916', '917', '918', '919', '945'],
  2: ['940', '944', '947', '948', '949'],
  S: ['950', '951']
} as const satisfies Record<Operator, readonly string[]>

export const isOperator = (word: unknown): word is Operator => OPERATORS.some(operator => operator === word)

/** The operator of a mobile number in E.164; undefined for a prefix that belongs to nobody we know. */
export const operatorOfPrefix = (phone: string): Operator | undefined =>
  OPERATORS.find(operator => (PREFIXES[operator] as readonly string[]).includes(phone.slice(4, 7)))

/** Memory of a conversation: the operator by which a message got through, or the one that said that the number has left. */
export type OperatorMemory = { operator: Operator } | { left: Operator; at: string }

export interface Traces {
  /** Operator and time of the contact's newest message. */
  lastIncoming: { operator: Operator | undefined; at: Date } | undefined
  /** As it was remembered, whatever that is. */
  memory: unknown
  /** In E.164. */
  phone: string
  fallback: Operator | undefined
}

export type Resolved = { kind: 'operator'; operator: Operator } | { kind: 'none'; left: Operator | undefined }

/**
 * The operator to send by: that of the last incoming message, which is also
 * that of a reply; else of the last success; else by the prefix; else the
 * configured one. One that the number has left since does not count.
 */
export function resolveOperator({ lastIncoming, memory, phone, fallback }: Traces): Resolved {
  const { operator: succeeded, left, leftAt } = readMemory(memory)
  const saidSince = leftAt === undefined || (lastIncoming !== undefined && lastIncoming.at > leftAt)
  const candidates = [
    saidSince || lastIncoming?.operator !== left ? lastIncoming?.operator : undefined,
    succeeded,
    ...[operatorOfPrefix(phone), fallback].filter(operator => operator !== left)
  ]
  const operator = candidates.find(candidate => candidate !== undefined)
  return operator === undefined ? { kind: 'none', left } : { kind: 'operator', operator }
}

function readMemory(memory: unknown): { operator?: Operator; left?: Operator; leftAt?: Date } {
  if (typeof memory !== 'object' || memory === null) return {}
  const { operator, left, at } = memory as { operator?: unknown; left?: unknown; at?: unknown }
  if (isOperator(operator)) return { operator }
  return isOperator(left) && typeof at === 'string' ? { left, leftAt: new Date(at) } : {}
}
