import { record } from 'channel-kit/json'
import type { Answer } from './api.ts'

/** Meanings of the gateway's answers to all calls. The only place that knows. Pure. */
export type Meaning =
  | { kind: 'yes'; said: unknown }
  /** Something of what was posted is bad; `reason` in the gateway's words. */
  | { kind: 'bad'; reason: string }
  /** The call was processed, and answered `false`. */
  | { kind: 'no'; reason: string }
  /** The gateway has no such lot, or no such path. */
  | { kind: 'lost'; reason: string }
  /** The account or its route may not. */
  | { kind: 'forbidden'; reason: string }
  /** Surely without effect, and soon perhaps not. */
  | { kind: 'later'; reason: string; afterMs?: number }
  | { kind: 'fast'; reason: string; afterMs: number }
  /** The call may have had its effect. */
  | { kind: 'unknown'; reason: string }

const FAST_MS = 30_000
/** Given as a 500, but it is a field that is null. */
const NULL_REFERENCE = /Object reference not set to an instance of an object/i
const ROUTE = /rota padrão|rota não configurada|not configured|configura[çt]/i

export function meaningOf(answer: Answer): Meaning {
  const { status } = answer
  if (status >= 200 && status < 300) return saidOf(answer)
  return status >= 500 ? troubleOf(answer) : refusalOf(answer)
}

function refusalOf(answer: Answer): Meaning {
  const { status, retryAfterMs } = answer
  const reason = reasonOf(answer)
  switch (status) {
    case 400:
    case 422:
      return { kind: ROUTE.test(reason) ? 'forbidden' : 'bad', reason }
    case 413:
      return { kind: 'bad', reason }
    case 401:
    case 403:
      return { kind: 'forbidden', reason }
    case 408:
      return later(reason, retryAfterMs)
    case 429:
      return { kind: 'fast', reason, afterMs: retryAfterMs ?? FAST_MS }
    default:
      // A redirect, too, says that the address is wrong.
      return { kind: 'lost', reason }
  }
}

function troubleOf(answer: Answer): Meaning {
  const { status, retryAfterMs } = answer
  const reason = reasonOf(answer)
  if (NULL_REFERENCE.test(reason)) return { kind: 'bad', reason }
  // A proxy in front of the service gave up waiting for it.
  return status === 502 || status === 504 ? { kind: 'unknown', reason } : later(reason, retryAfterMs)
}

const later = (reason: string, afterMs: number | undefined): Meaning => ({
  kind: 'later',
  reason,
  ...(afterMs === undefined ? {} : { afterMs })
})

function saidOf({ status, said, text }: Answer): Meaning {
  const word = success(said)
  if (word === false) return { kind: 'no', reason: `HTTP ${status}: false` }
  if (word === true || (said !== undefined && said !== null && typeof said !== 'string')) return { kind: 'yes', said }
  if (typeof said === 'string' && /^\d+$/.test(said)) return { kind: 'yes', said }
  if (status <= 201 && text.trim() === '') return { kind: 'yes', said }
  return { kind: 'unknown', reason: `HTTP ${status} with what is no answer: ${text.slice(0, 200) || 'nothing'}` }
}

function success(said: unknown): boolean | undefined {
  if (typeof said === 'boolean') return said
  if (typeof said === 'string' && /^(true|false)$/i.test(said)) return said.toLowerCase() === 'true'
  if (typeof said === 'object' && said !== null && 'success' in said) return said.success === true
  return undefined
}

/** The gateway's own words, one after the other. */
function reasonOf({ status, said, text }: Answer): string {
  const messages = record(said).messages
  const words = Array.isArray(messages) ? messages : Object.values(record(record(said).errors)).flat()
  const told = [...new Set(words.filter(word => typeof word === 'string'))].join(' ')
  return told || `HTTP ${status}${text.trim() ? `: ${text.trim().slice(0, 300)}` : ''}`
}

/** The id of a lot that was made, in any of the shapes that it comes in. */
export function lotIdOf(said: unknown): string | undefined {
  const { id, idLot, idLotEmail, lotId, idLote } = record(said)
  const found = [said, id, idLot, idLotEmail, lotId, idLote].find(
    value =>
      (typeof value === 'number' && Number.isSafeInteger(value) && value > 0) ||
      (typeof value === 'string' && /^\d+$/.test(value))
  )
  return found === undefined ? undefined : String(found)
}
