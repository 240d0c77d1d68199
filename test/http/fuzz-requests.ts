import type { Random } from '../seeded-random.ts'

/** Requests that nobody should make, from a seed: every route with every kind of wrong path, header, token and body. */

export interface FuzzRequest {
  method: string
  url: string
  headers: Record<string, string>
  payload?: string | Buffer
}

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND']
const ROUTES = [
  'GET info',
  'GET icon.png',
  'GET robots.txt',
  'PUT registration',
  'POST special/send',
  'POST special/send',
  'GET protected/forms/settings',
  'GET protected/data/settings',
  'PUT protected/data/settings',
  'PUT protected/data/settings',
  'GET protected/autocomplete/:name',
  'GET protected/preview/table/:name',
  'GET protected/preview/markdown/:name',
  'POST protected/upload',
  'POST protected/upload/:name',
  'GET uploaded/:name/:name/:name',
  'POST webhook/:name',
  'GET iframe/index.html',
  'GET health/live',
  'GET health/ready',
  'GET :name'
]
const NAMES = ['status', 'table1', 'md1', 'image', 'voice', 'default', '1', '10', 'a.png', '__proto__', 'constructor']

/** A channel in its place. */
export interface Target {
  /** `` or `path/`. */
  mount: string
  /** Valid ones, whatever they claim. */
  tokens: readonly string[]
  /** The token in its webhook's path, if it has a webhook. */
  webhook?: string
}
const TYPES = [
  'application/json',
  'application/json; charset=utf-8',
  'application/vnd.api+json',
  'application/x-www-form-urlencoded',
  'multipart/form-data; boundary=b',
  'multipart/form-data',
  'text/plain',
  'application/octet-stream',
  'application/json; charset=klingon',
  'x',
  ''
]
const ODD = [
  '',
  '0',
  '\0',
  ' ',
  '%',
  '%00',
  '%zz',
  '..',
  '../../etc/passwd',
  '%2e%2e%2f',
  '\u202e',
  '𝕏',
  '\ud800',
  'é',
  "'",
  '"',
  '\\',
  '<b>',
  '[]',
  '{}',
  'null',
  '-1',
  '1e400',
  '9'.repeat(40)
]

export function fuzzer(random: Random, targets: readonly Target[]) {
  const { below, chance, pick, times } = random
  let target = pick(targets)

  const text = (): string => {
    if (chance(0.02)) return pick(ODD).repeat(1 + below(3_000))
    return chance(0.5)
      ? pick(ODD)
      : times(12, () => String.fromCodePoint(32 + below(chance(0.9) ? 95 : 0xd000))).join('')
  }

  /** A token as it is, or with something wrong in it. */
  const token = (): string => {
    const valid = pick(target.tokens)
    const [head = '', payload = '', signature = ''] = valid.split('.')
    const at = below(valid.length)
    return pick([
      () => valid,
      () => valid,
      () => valid,
      () => valid.slice(0, at),
      () => `${valid.slice(0, at)}${pick(['A', '.', '=', ' '])}${valid.slice(at + 1)}`,
      () => `${head}.${Buffer.from(json()).toString('base64url')}.${signature}`,
      () => `${Buffer.from(json()).toString('base64url')}.${payload}.${signature}`,
      () => `${head}.${payload}.`,
      () => text()
    ])()
  }

  const value = (depth: number): unknown => {
    const kind = below(depth > 0 ? 9 : 7)
    if (kind === 0) return null
    if (kind === 1) return chance(0.5)
    if (kind === 2) return pick([0, -1, 1.5, 2 ** 53, -(2 ** 31), 1e308])
    if (kind === 3) return token()
    if (kind < 7) return text()
    if (kind === 7) return times(5, () => value(depth - 1))
    return Object.fromEntries(times(5, () => [name(), value(depth - 1)]))
  }
  const name = (): string =>
    pick([
      'registration',
      'request',
      'body',
      'main',
      'lists',
      'prefix',
      'delay',
      'static',
      'kind',
      '__proto__',
      'toString',
      text()
    ])

  /** The body that the CRM would send, if the token were right. */
  const signed = (): string =>
    chance(0.5)
      ? JSON.stringify({ registration: pick(target.tokens), request: pick(target.tokens) })
      : JSON.stringify({ [pick(['registration', 'request'])]: token(), __task: value(1) })

  /** JSON, or nearly. */
  const json = (): string => {
    if (chance(0.03)) return pick(['[', '{"a":']).repeat(1 + below(20_000))
    if (chance(0.03)) return `${'['.repeat(below(9_000))}${']'.repeat(below(9_000))}`
    const right = JSON.stringify(value(4))
    return chance(0.2) ? right.slice(0, below(right.length)) : right
  }

  const form = (): string =>
    times(8, () => {
      const field = `${name()}${times(4, () => pick(['[]', '[a]', '[0]', '[999999]', '[__proto__]', '[', ']'])).join('')}`
      return chance(0.5)
        ? `${field}=${text()}`
        : `${encodeURIComponent(field.toWellFormed())}=${encodeURIComponent(text().toWellFormed())}`
    }).join('&')

  const multipart = (): Buffer => {
    const parts = times(4, () => {
      const file = chance(0.7) ? `; filename="${pick(['a.png', 'a.jpg', 'x', '.png', 'a.constructor', text()])}"` : ''
      const disposition = `Content-Disposition: form-data; name="${pick(['file', 'file', 'other', text()])}"${file}`
      const type = chance(0.3) ? `\r\nContent-Type: ${text()}` : ''
      return `--b\r\n${chance(0.95) ? disposition : text()}${type}\r\n\r\n${chance(0.1) ? 'x'.repeat(below(5_000)) : text()}\r\n`
    })
    const whole = Buffer.from(`${parts.join('')}${chance(0.8) ? '--b--\r\n' : text()}`)
    return chance(0.2) ? whole.subarray(0, below(whole.length + 1)) : whole
  }

  const bytes = (): Buffer =>
    chance(0.05) ? Buffer.alloc(1 + below(3 * 1024 * 1024), '[') : Buffer.from(times(200, () => below(256)))

  const body = (type: string): string | Buffer => {
    if (chance(0.1)) return bytes()
    if (type.startsWith('multipart')) return chance(0.9) ? multipart() : json()
    if (type.includes('urlencoded')) return chance(0.9) ? form() : signed()
    // Most of what carries a token gets as far as the token.
    return chance(0.5) ? signed() : json()
  }

  const path = (route: string): string => {
    const filled = route.replaceAll(':name', () => (chance(0.7) ? pick(NAMES) : text()))
    const known = route.startsWith('webhook/') && target.webhook && chance(0.8) ? `webhook/${target.webhook}` : filled
    return `/${chance(0.97) ? target.mount : 'nope/'}${known}${chance(0.05) ? pick(ODD) : ''}${query()}`
  }
  const url = (route: string): string => {
    const made = path(route)
    return URL.canParse(made, 'http://localhost') ? made : encodeURI(made.toWellFormed())
  }
  const query = (): string => {
    if (chance(0.5)) return ''
    const fields = times(4, () => {
      const key = pick(['query', 'query[]', 'query[a]', 'dep', 'context', 'dep[0]', '__proto__', text()])
      const written = pick([() => json(), () => text(), () => '[]', () => '{}'])()
      return chance(0.6) ? `${key}=${encodeURIComponent(written.toWellFormed())}` : `${key}=${written}`
    })
    return `?${fields.join('&')}`
  }

  /** As a server may be sent them: of one line, of bytes. */
  const header = (text: string): string => text.replace(/[^\t\x20-\x7e\x80-\xff]/g, '').trim()

  const headers = (): Record<string, string> => ({
    ...(chance(0.75) ? { 'x-plugin-token': header(token()) } : {}),
    ...(chance(0.3) ? { 'accept-language': header(pick(['ru', 'en_US;q=x', text()])) } : {}),
    ...(chance(0.2) ? { accept: header(pick(['application/schema+json', text()])) } : {}),
    ...(chance(0.1) ? { range: header(pick(['bytes=0-1', 'bytes=9-1', `bytes=${text()}`])) } : {}),
    ...(chance(0.1) ? { [pick(['origin', 'if-none-match', 'x-forwarded-for', 'expect'])]: header(text()) } : {})
  })

  return (): FuzzRequest => {
    target = pick(targets)
    const [usual = '', route = ''] = pick(ROUTES).split(' ')
    const method = chance(0.8) ? usual : pick(METHODS)
    const bare = { method, url: url(route), headers: headers() }
    if (['GET', 'HEAD', 'OPTIONS', 'TRACE'].includes(method) && chance(0.95)) return bare
    const type = pick(TYPES)
    return {
      ...bare,
      headers: { ...bare.headers, ...(type === '' ? {} : { 'content-type': type }) },
      payload: body(type)
    }
  }
}
