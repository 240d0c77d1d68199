import { createHmac, type KeyObject, verify } from 'node:crypto'
import { type Issuers, issuerProblem } from './issuers.ts'
import { quoted } from './limits.ts'
import { failure, type Result, success } from './result.ts'

/** Reading and judging the tokens that a CRM signs, and signing our own. Pure. Source: docs/protocol.md, "Tokens". */

export interface Token {
  header: Readonly<Record<string, unknown>>
  /** Claims that are not proven yet. A token of more than 64 KiB has only `aud` and `iss` here, and those by a guess. */
  claims: Readonly<Record<string, unknown>>
  /** The token has more than 64 KiB. */
  large: boolean
  /** The JSON of all claims. */
  payload: string
  signed: Buffer
  signature: Buffer
}

/** Most characters of a token that comes in a header or for a registration: 64 KiB. One with a message may be as long as a body. */
export const MAX_TOKEN_LENGTH = 64 * 1024
const MAX_HEADER_LENGTH = 8 * 1024

/** Seconds by which the clocks of a CRM and a host may differ. */
const LEEWAY_S = 60

/** A token of at most `longest` characters, or the reason why it is none. Costs little, whatever it holds. */
export function parseToken(text: string, longest = MAX_TOKEN_LENGTH): Result<Token> {
  if (text.length > longest) return failure('The token is too long')
  const parts = text.split('.', 4)
  const [head = '', payload = '', signature = ''] = parts
  if (parts.length !== 3) return failure('The JWT string must have two dots')
  if (head.length > MAX_HEADER_LENGTH) return failure('The header of the token is too long')

  const header = decode(head)
  if (!header.ok) return header
  const problem = jsonProblem(header.value.json, header.value.map)
  if (problem) return failure(problem)
  const large = payload.length > MAX_TOKEN_LENGTH
  const claims = large ? glance(payload) : decode(payload)
  if (!claims.ok) return claims
  return success({
    header: header.value.map,
    claims: claims.value.map,
    large,
    payload: claims.value.json,
    signed: Buffer.from(`${head}.${payload}`),
    signature: Buffer.from(signature, 'base64url')
  })
}

/** Why a token cannot be for us, before its signature is looked at; undefined when it can. */
export function claimsProblem({ header, claims }: Token, selfUri: string, issuers: Issuers): string | undefined {
  if ('enc' in header) return 'Encryption is not supported yet'
  if (claims.aud === undefined) return 'Requested claim is not configured'
  if (claims.aud !== selfUri) return `Audience mismatched '${quoted(claims.aud)}'`
  if (claims.iss === undefined) return 'Requested claim is not configured'
  const stranger = issuerProblem(claims.iss, issuers)
  if (stranger) return stranger

  if (header.pkey === undefined) return 'Requested header is not configured'
  if (typeof header.pkey !== 'string' || !/^[0-9a-f]{32}$/.test(header.pkey))
    return 'Header pkey is not an md5 in lower-case hex'
  return undefined
}

/** All claims of a token whose signature holds, or why they are none. */
export function provenClaims({ claims, large, payload }: Token): Result<Token['claims']> {
  const parsed = large ? parse(payload) : success(claims)
  if (!parsed.ok) return parsed
  const whole = parsed.value
  // The claims judged before the signature have to be the signed ones.
  if (whole.aud !== claims.aud || whole.iss !== claims.iss) return failure(SYNTAX)
  const problem = jsonProblem(payload, whole)
  return problem ? failure(problem) : success(whole)
}

/** Why a token's signature does not hold; undefined when it does. Only RS512 counts. */
export function signatureProblem({ header, signed, signature }: Token, key: KeyObject): string | undefined {
  if (signature.length === 0 || header.alg === undefined || header.alg === 'none') return 'This token is not signed'
  if (header.alg !== 'RS512' || !verify('RSA-SHA512', signed, key, signature))
    return 'Input token sign was not verified'
  return undefined
}

/** Why a token is not valid now; undefined when it is, or when it does not say. */
export function timeProblem({ claims }: Pick<Token, 'claims'>, now: Date): string | undefined {
  const seconds = now.getTime() / 1000
  const { exp, nbf } = claims
  if (exp !== undefined && !(secondsOf(exp) + LEEWAY_S >= seconds)) return 'Token is expired'
  if (nbf !== undefined && !(secondsOf(nbf) - LEEWAY_S <= seconds)) return 'Token is not valid yet'
  return undefined
}

/** A time may come as a text; what is no time makes the token stale. */
const secondsOf = (value: unknown) =>
  typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN

/** The reference judges the claim `settings` by its own idea of truth, in which `"0"` and `[]` are false. */
export const allowsSettings = ({ settings }: Token['claims']): boolean =>
  Array.isArray(settings) ? settings.length > 0 : Boolean(settings) && settings !== '0'

const HEADER = Buffer.from('{"typ":"JWT","alg":"HS512"}').toString('base64url')

/** A token of ours for the CRM, HS512. At once and on this thread: jose's way through the thread pool was measured at 50 us, this at 8. */
export function signToken(claims: object, secret: string): string {
  const signed = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${signed}.${createHmac('sha512', secret).update(signed).digest('base64url')}`
}

/** The reference reads JSON to this depth. */
const MAX_DEPTH = 512

const utf8 = new TextDecoder('utf-8', { fatal: true })

const SYNTAX = 'Error while decoding to JSON: Syntax error'

interface Part {
  json: string
  map: Record<string, unknown>
}

function decode(part: string): Result<Part> {
  const json = textOf(part)
  if (json === undefined) return failure(SYNTAX)
  const map = parse(json)
  return map.ok ? success({ json, map: map.value }) : map
}

/** The two claims that decide whether a large token is parsed at all. */
function glance(part: string): Result<Part> {
  const json = textOf(part)
  return json === undefined ? failure(SYNTAX) : success({ json, map: peek(json, ['aud', 'iss']) })
}

function textOf(part: string): string | undefined {
  try {
    return utf8.decode(Buffer.from(part, 'base64url'))
  } catch {
    return undefined
  }
}

function parse(json: string): Result<Record<string, unknown>> {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    return failure(SYNTAX)
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return failure('Error while decoding to JSON: not an object')
  return success(value as Record<string, unknown>)
}

function jsonProblem(json: string, value: object): string | undefined {
  const problem = isHarmless(json) ? undefined : deepProblem(value)
  return problem && `Error while decoding to JSON: ${problem}`
}

/** JSON too short to be deep, and without an escape that could be half a character, as nearly all tokens are. */
const isHarmless = (text: string) => text.length < 2 * MAX_DEPTH && !/\\u[dD]/.test(text)

/** Problems that the parser lets pass and later code would fail on: deep nesting, and half characters, which JSON can escape. */
function deepProblem(value: object): string | undefined {
  const open: [value: unknown, depth: number][] = [[value, 1]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [item, depth] = next
    if (typeof item === 'string' && !item.isWellFormed()) return 'Single unpaired UTF-16 surrogate'
    if (typeof item !== 'object' || item === null) continue
    if (depth > MAX_DEPTH) return 'Maximum stack depth exceeded'
    for (const [key, inner] of Object.entries(item)) open.push([key, depth], [inner, depth + 1])
  }
  return undefined
}

const QUOTE = 0x22
const COMMA = 0x2c
const BACKSLASH = 0x5c
/** The change of depth at a bracket or brace. */
const DEEPER: Readonly<Record<number, number>> = { 91: 1, 123: 1, 93: -1, 125: -1 }

/** Most characters of a text that is read; a longer one counts as no text. */
const MAX_PEEKED_LENGTH = 4_096

/**
 * The values of these names at the top of a large JSON map, read in one pass, so that an unsigned token is not built up
 * in memory: a text, null for another value, missing where the name is. A guess, since the rest of the JSON is not
 * checked: compare it with the parsed map before relying on it.
 */
export function peek(json: string, names: readonly string[]): Record<string, string | null> {
  const found: Record<string, string | null> = {}
  let depth = 0
  let name: string | undefined
  for (let at = 0; at < json.length; at += 1) {
    const code = json.charCodeAt(at)
    depth += DEEPER[code] ?? 0
    if (code === COMMA && depth === 1) name = undefined
    if (code !== QUOTE) continue
    const start = at
    at = endOfText(json, start)
    if (depth !== 1) continue
    const isName = name === undefined
    name ??= peekedText(json, start, at) ?? ''
    if (names.includes(name)) found[name] = isName ? null : peekedText(json, start, at)
  }
  return found
}

/** Position of the quote that ends the text which begins at `start`. */
function endOfText(json: string, start: number): number {
  for (let end = json.indexOf('"', start + 1); end >= 0; end = json.indexOf('"', end + 1)) {
    let before = end
    while (json.charCodeAt(before - 1) === BACKSLASH) before -= 1
    if ((end - before) % 2 === 0) return end
  }
  return json.length
}

function peekedText(json: string, start: number, end: number): string | null {
  if (end - start > MAX_PEEKED_LENGTH) return null
  try {
    return JSON.parse(json.slice(start, end + 1)) as string
  } catch {
    return null
  }
}
