import { createHmac } from 'node:crypto'
import { type Json, parse, record, text } from 'channel-kit/json'
import { neverSent } from 'channel-kit/network'
import type { Log } from 'channel-kit/tools'
import { errorOfStatus, type GraphError, graphError } from './errors.ts'

/** The way to the Graph API: which one, and as whom. */
export interface Access {
  /** With its version, without a slash at its end. */
  base: string
  token: string
  secret: string
}

export interface Caller {
  access: Access
  fetch: typeof globalThis.fetch
  log: Log
}

/**
 * How a call ended.
 *
 * - `done`: the API did it.
 * - `error`: it said no, so it surely did not.
 * - `unsent`: it never heard of it.
 * - `unclear`: it may have done it.
 */
export type Answer =
  | { kind: 'done'; body: Json; headers: Headers }
  | { kind: 'error'; error: GraphError; headers: Headers }
  | { kind: 'unsent'; reason: string }
  | { kind: 'unclear'; reason: string }

export interface Call {
  method?: 'GET' | 'POST' | 'DELETE'
  /** Below the version, such as `123/messages`. */
  path: string
  query?: Readonly<Record<string, string>>
  json?: unknown
  form?: FormData
  timeoutMs?: number
}

/** Media servers refuse callers without a name. */
const USER_AGENT = 'chat-plugin-host'

const JSON_CALL_MS = 15_000

export async function call(caller: Caller, given: Call): Promise<Answer> {
  const answer = await once(caller, given, true)
  // The proof is of another app's secret than the token: the call itself was not looked at.
  if (answer.kind !== 'error' || !/invalid appsecret_proof/i.test(answer.error.message)) return answer
  caller.log.warn(
    {},
    'the first app secret is not of the app that the access token belongs to; calling without a proof'
  )
  return once(caller, given, false)
}

async function once(caller: Caller, given: Call, proven: boolean): Promise<Answer> {
  const answer = await asked(caller, given, proven)
  const safe = (said: string) => withoutSecrets(said, caller.access)
  if (answer.kind === 'done') return answer
  if (answer.kind !== 'error') return { ...answer, reason: safe(answer.reason) }
  const { message, details } = answer.error
  return { ...answer, error: { ...answer.error, message: safe(message), details: safe(details) } }
}

/** Meta repeats a malformed token in its answer, and what went wrong is logged and shown. */
const withoutSecrets = (said: string, access: Access) =>
  [access.token, access.secret, access.secret && proofOf(access)]
    .filter(secret => secret.length >= SHORTEST_SECRET)
    .reduce((left, secret) => left.replaceAll(secret, '…'), said)

const SHORTEST_SECRET = 8

async function asked({ access, fetch }: Caller, given: Call, proven: boolean): Promise<Answer> {
  const { method = 'GET', path, query = {}, json, form, timeoutMs = JSON_CALL_MS } = given
  const url = new URL(`${access.base}/${path}`)
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value)
  if (proven && access.secret) url.searchParams.set('appsecret_proof', proofOf(access))
  try {
    const { headers, ...rest } = form ? { headers: {}, body: form } : written(json)
    const response = await fetch(url, {
      method,
      headers: { ...authorized(access.token), ...headers },
      ...rest,
      signal: AbortSignal.timeout(timeoutMs)
    })
    return answerOf(response.status, response.headers, await response.text())
  } catch (error) {
    const reason = reasonOf(error)
    return neverSent(error) ? { kind: 'unsent', reason } : { kind: 'unclear', reason }
  }
}

const written = (json: unknown) =>
  json === undefined ? { headers: {} } : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(json) }

function answerOf(status: number, headers: Headers, body: string): Answer {
  const parsed = parse(body)
  const error = graphError(record(parsed), status)
  if (error) return { kind: 'error', error, headers }
  if (status >= 200 && status < 300 && typeof parsed === 'object' && parsed !== null)
    return { kind: 'done', body: record(parsed), headers }
  const reason = `HTTP ${status} without an answer of the Graph API`
  // A proxy that says no has not asked Meta.
  if (NOT_TAKEN.includes(status)) return { kind: 'error', error: errorOfStatus(status, reason), headers }
  return { kind: 'unclear', reason }
}

const NOT_TAKEN = [403, 407, 413, 429, 503]

export const authorized = (token: string) => ({ authorization: `Bearer ${token}`, 'user-agent': USER_AGENT })

const proofOf = ({ secret, token }: Access) => createHmac('sha256', secret).update(token).digest('hex')

/** `fetch failed` says nothing; its cause does. */
export function reasonOf(error: unknown): string {
  const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
  return cause instanceof Error ? cause.message || cause.name : String(cause)
}

export const idOf = (body: Json) => text(body.id)
