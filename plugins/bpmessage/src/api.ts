import { retryAfterMs as waitOf } from 'channel-kit/retry-after'
import type { CommonTools } from './settings.ts'

/** A call of the gateway's HTTP API. */

export interface Answer {
  status: number
  /** Parsed JSON; undefined when it is none. */
  said: unknown
  /** For a person. */
  text: string
  retryAfterMs: number | undefined
}

type Caller = Pick<CommonTools, 'fetch' | 'settings' | 'now'>

interface Call {
  method: 'GET' | 'POST'
  path: string
  body?: unknown
  signal?: AbortSignal
}

/** Rejects when there is no answer. */
export async function call(
  { fetch, settings: { connection }, now }: Caller,
  { method, path, body, signal }: Call
): Promise<Answer> {
  const response = await fetch(`${connection.apiUrl.trim().replace(/(?<!\/)\/+$/, '')}${path}`, {
    method,
    headers: {
      accept: 'application/json',
      'user-agent': 'chat-plugin-host',
      ...(connection.bearer ? { authorization: `Bearer ${connection.bearer}` } : {}),
      ...headersOf(connection.headers ?? ''),
      ...(method === 'POST' ? { 'content-type': 'application/json' } : {})
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    ...(signal ? { signal } : {})
  })
  const { status } = response
  const heard = await response.text()
  const text = withoutSecrets(heard, connection)
  // A successful answer is read as it came: a number in it may look like a secret.
  return {
    status,
    said: parsed(status < 300 ? heard : text),
    text,
    retryAfterMs: waitOf(response.headers.get('retry-after'), now())
  }
}

/** Shorter values are no secrets, and would be found everywhere. */
const SHORTEST_SECRET = 6

/** A gateway may repeat what it was given, and its words are kept and shown. */
function withoutSecrets(text: string, { bearer = '', headers = '' }: CommonTools['settings']['connection']): string {
  const secrets = [bearer, ...Object.values(headersOf(headers))].filter(({ length }) => length >= SHORTEST_SECRET)
  return secrets.reduce((left, secret) => left.replaceAll(secret, '•••'), text)
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

const HEADER_NAME = /^[!#$%&'*+.^_`|~\w-]+$/
const HEADER_VALUE = /^[\t\x20-\x7e]*$/

/** `Name: value`, one a line. */
const headersOf = (text: string): Record<string, string> =>
  Object.fromEntries(linesOf(text).flatMap(line => headerOf(line)))

/** The lines that are no headers, or are the client's own business; the first ones, where there are many. */
export const badHeaders = (text: string): string[] =>
  linesOf(text)
    .filter(line => headerOf(line).length === 0)
    .slice(0, MOST_SHOWN)

const MOST_SHOWN = 20

/** Headers that name the receiver of a request, or its end, are not given twice. */
const OWN =
  /^(host|content-length|content-type|content-encoding|transfer-encoding|connection|keep-alive|proxy-.*|upgrade|expect|te|trailer)$/

function headerOf(line: string): [string, string][] {
  const colon = line.indexOf(':')
  const name = line.slice(0, Math.max(colon, 0)).trim().toLowerCase()
  const value = line.slice(colon + 1).trim()
  return HEADER_NAME.test(name) && HEADER_VALUE.test(value) && !OWN.test(name) ? [[name, value]] : []
}

const linesOf = (text: string) =>
  text
    .split(/\r\n|\r|\n/)
    .map(line => line.trim())
    .filter(Boolean)
