/**
 * A value, or the reason why there is none, in words for an operator or a CRM.
 * A failure is not told by the type of the value, as in `Value | string`: with a
 * value that is a string itself, it is taken for one. See CONTRIBUTING.md, "Errors".
 */
export type Result<Value> = { ok: true; value: Value } | Failure

interface Failure {
  ok: false
  reason: string
}

export const success = <Value>(value: Value): Result<Value> => ({ ok: true, value })

export const failure = (reason: string): Failure => ({ ok: false, reason })
