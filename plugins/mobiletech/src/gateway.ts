import { neverSent } from 'channel-kit/network'
import type { Outcome } from 'channel-kit/outcome'
import { readDocument } from './document.ts'

/** The gateway's answer as the outcome of one SMS. Source: README.md, "Sending". */

export type Answered = { kind: 'taken'; id: string } | Exclude<Outcome, { kind: 'accepted' }>

export interface Answer {
  status: number
  body: Uint8Array
  /** The wait that a 429 asks for. */
  afterMs?: number | undefined
  /** Never quoted, though a proxy may say it back. */
  secret?: string | undefined
}

/** A bearer token of characters that a header may have; none at all is fine too. */
export const isToken = (bearer = ''): boolean => /^[\x21-\x7e]*$/.test(bearer.trim())

/** Statuses that an admin can put right: an address that is not let in, a wrong URL. */
const SET_UP = new Set([401, 403, 404, 405, 407])
const SET_UP_MS = 60_000
const THROTTLED_MS = 10_000

/** The only place that knows which answers may be tried again. */
export function outcomeOf({ status, body, afterMs, secret }: Answer): Answered {
  const reason = `The gateway answered ${status}${quoted(body, secret)}`
  if (status >= 200 && status < 300) return acknowledged(body, reason)
  if (status === 429) return { kind: 'throttled', reason, afterMs: afterMs ?? THROTTLED_MS }
  if (SET_UP.has(status) || (status >= 300 && status < 400)) return { kind: 'retry', reason, afterMs: SET_UP_MS }
  // Somebody in front of the gateway gave up waiting for it.
  if (status === 504) return { kind: 'unknown', reason }
  if (status >= 500 || status === 408) return { kind: 'retry', reason }
  return { kind: 'rejected', reason }
}

/** An acknowledgement has a hundred bytes. */
const MAX_ANSWER = 65_536

/** An acknowledgement by any command: the id tells that the message was taken. */
function acknowledged(body: Uint8Array, reason: string): Answered {
  const read = body.length > MAX_ANSWER ? ({ kind: 'unreadable' } as const) : readDocument(body)
  if (read.kind === 'unreadable' || read.document.root !== 'message') return { kind: 'unknown', reason }
  const id = read.document.fields.get('id')?.trim()
  return id && !NO_ID.test(id) ? { kind: 'taken', id } : { kind: 'rejected', reason: `Refused: ${reason}` }
}

/** A number that counts nothing stands for a refusal. */
const NO_ID = /^(?:[-+]?0+|-\d+)$/

const MAX_QUOTED = 300

/** The start of the body, for people to see what was said. */
function quoted(body: Uint8Array, secret?: string): string {
  const said = Buffer.from(body.subarray(0, MAX_ANSWER)).toString('utf8')
  const text = (secret ? said.replaceAll(secret, '***') : said).replace(/\s+/g, ' ').trim()
  return text ? `: ${text.slice(0, MAX_QUOTED)}` : ''
}

/** The gateway may have read all of it before. */
const DOUBTFUL = new Set(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET', 'UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT'])

/** Undefined: an error that is not the network's. */
export function outcomeOfError(error: unknown): Answered | undefined {
  const causes = causesOf(error)
  const { code, message } = causes.at(-1) ?? {}
  if (neverSent(error)) return { kind: 'retry', reason: `The gateway cannot be reached: ${code || message}` }
  const mayHaveArrived = ({ code = '', name }: NodeJS.ErrnoException) =>
    DOUBTFUL.has(code) || name === 'TimeoutError' || name === 'AbortError'
  return causes.some(mayHaveArrived) ? inDoubt : undefined
}

/** An error and what caused it, the innermost last. */
function causesOf(error: unknown): NodeJS.ErrnoException[] {
  const causes: NodeJS.ErrnoException[] = []
  for (let cause = error; cause instanceof Error; cause = cause.cause) causes.push(cause)
  return causes
}

export const inDoubt = {
  kind: 'unknown',
  reason: 'The gateway has not answered, so it may have the message or not'
} as const satisfies Outcome
