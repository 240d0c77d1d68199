import { createHmac, type KeyObject, verify } from 'node:crypto'

/** Reading and judging the tokens that a CRM signs, and signing our own. Pure. Source: docs/protocol.md, "Tokens". */

export interface Token {
  header: Readonly<Record<string, unknown>>
  claims: Readonly<Record<string, unknown>>
  signed: Buffer
  signature: Buffer
}

export interface Issuers {
  scheme: string
  hostnames: readonly string[]
}

/** Seconds by which the clocks of a CRM and a host may differ. */
const LEEWAY_S = 60

/** A token, or the reason why it is none. */
export function parseToken(text: string): Token | string {
  const parts = text.split('.')
  const [head = '', payload = '', signature = ''] = parts
  if (parts.length !== 3) return 'The JWT string must have two dots'

  const header = decode(head)
  if (typeof header === 'string') return header
  const claims = decode(payload)
  if (typeof claims === 'string') return claims
  return { header, claims, signed: Buffer.from(`${head}.${payload}`), signature: Buffer.from(signature, 'base64url') }
}

/** Why a token cannot be for us, before its signature is looked at; undefined when it can. */
export function claimsProblem({ header, claims }: Token, selfUri: string, issuers: Issuers): string | undefined {
  if ('enc' in header) return 'Encryption is not supported yet'
  if (claims.aud === undefined) return 'Requested claim is not configured'
  if (claims.aud !== selfUri)
    return `Audience mismatched '${typeof claims.aud === 'string' ? claims.aud : JSON.stringify(claims.aud)}'`
  if (claims.iss === undefined) return 'Requested claim is not configured'

  const issuer = typeof claims.iss === 'string' ? URL.parse(claims.iss) : null
  if (!issuer) return 'Issuer is not an absolute URI'
  if (issuer.protocol !== `${issuers.scheme}:`) return `Issuer scheme is not '${issuers.scheme}'`
  if (!issuers.hostnames.some(name => issuer.hostname === name || issuer.hostname.endsWith(`.${name}`)))
    return `Issuer hostname is not in '{${issuers.hostnames.join(',')}}'`
  if (issuer.username || issuer.password) return 'Issuer must not have user info'

  if (header.pkey === undefined) return 'Requested header is not configured'
  if (typeof header.pkey !== 'string' || !/^[0-9a-f]{32}$/.test(header.pkey))
    return 'Header pkey is not an md5 in lower-case hex'
  return undefined
}

/** Why a token's signature does not hold; undefined when it does. Only RS512 counts. */
export function signatureProblem({ header, signed, signature }: Token, key: KeyObject): string | undefined {
  if (signature.length === 0 || header.alg === undefined || header.alg === 'none') return 'This token is not signed'
  if (header.alg !== 'RS512' || !verify('RSA-SHA512', signed, key, signature))
    return 'Input token sign was not verified'
  return undefined
}

/** Why a token is not valid now; undefined when it is, or when it does not say. */
export function timeProblem({ claims }: Token, now: Date): string | undefined {
  const seconds = now.getTime() / 1000
  const { exp, nbf } = claims
  if (exp !== undefined && !(secondsOf(exp) + LEEWAY_S >= seconds)) return 'Token is expired'
  if (nbf !== undefined && !(secondsOf(nbf) - LEEWAY_S <= seconds)) return 'Token is not valid yet'
  return undefined
}

/** A time may come as a text; what is no time makes the token stale. */
const secondsOf = (value: unknown) =>
  typeof value === 'number' || typeof value === 'string' ? Number(value) : Number.NaN

/** Where the public key of a token that passed `claimsProblem` is: the issuer's origin, whatever else it names. */
export const keyUrl = ({ header, claims }: Token): string =>
  `${new URL(claims.iss as string).origin}/pkey/${header.pkey as string}`

/** The reference judges the claim `settings` by its own idea of truth, in which `"0"` and `[]` are false. */
export const allowsSettings = ({ settings }: Token['claims']): boolean =>
  Array.isArray(settings) ? settings.length > 0 : Boolean(settings) && settings !== '0'

const HEADER = Buffer.from('{"typ":"JWT","alg":"HS512"}').toString('base64url')

/** A token of ours for the CRM, HS512. At once and on this thread: jose's way through the thread pool was measured at 50 us, this at 8. */
export function signToken(claims: object, secret: string): string {
  const signed = `${HEADER}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}`
  return `${signed}.${createHmac('sha512', secret).update(signed).digest('base64url')}`
}

/** As deep as the reference reads JSON. */
const DEEPEST = 512

const utf8 = new TextDecoder('utf-8', { fatal: true })

function decode(part: string): Record<string, unknown> | string {
  let value: unknown
  let text: string
  try {
    text = utf8.decode(Buffer.from(part, 'base64url'))
    value = JSON.parse(text)
  } catch {
    return 'Error while decoding to JSON: Syntax error'
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return 'Error while decoding to JSON: not an object'
  const problem = isHarmless(text) ? undefined : jsonProblem(value)
  return problem ? `Error while decoding to JSON: ${problem}` : (value as Record<string, unknown>)
}

/** Too short to be deep, and without an escape that could be half a character; nearly all tokens are. */
const isHarmless = (text: string) => text.length < 2 * DEEPEST && !/\\u[dD]/.test(text)

/** What the parser lets pass and others would fall over: nesting without end, and half characters, which JSON can escape. */
function jsonProblem(value: object): string | undefined {
  const open: [value: unknown, depth: number][] = [[value, 1]]
  for (let next = open.pop(); next; next = open.pop()) {
    const [item, depth] = next
    if (typeof item === 'string' && !item.isWellFormed()) return 'Single unpaired UTF-16 surrogate'
    if (typeof item !== 'object' || item === null) continue
    if (depth > DEEPEST) return 'Maximum stack depth exceeded'
    for (const [key, inner] of Object.entries(item)) open.push([key, depth], [inner, depth + 1])
  }
  return undefined
}
