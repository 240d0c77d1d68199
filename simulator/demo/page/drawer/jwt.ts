export interface DecodedToken {
  /** Where in the request it travelled. */
  place: string
  header: unknown
  claims: unknown
}

/** Tokens of a request, decoded but not verified: the drawer shows what was said, not whether it is true. */
export function tokensIn(headers: Record<string, string>, body: string): DecodedToken[] {
  const inBody = parse(body)
  const fields = inBody && typeof inBody === 'object' ? Object.entries(inBody) : []
  const places: [string, unknown][] = [
    ['Header x-plugin-token', headers['x-plugin-token']],
    ...fields
      .filter(([name]) => name === 'request' || name === 'registration')
      .map(([name, value]): [string, unknown] => [`Field ${name}`, value])
  ]
  return places.flatMap(([place, token]) => (typeof token === 'string' ? [{ place, ...decode(token) }] : []))
}

function decode(token: string) {
  const [header = '', claims = ''] = token.split('.')
  return { header: parse(fromBase64Url(header)), claims: parse(fromBase64Url(claims)) }
}

function fromBase64Url(text: string): string {
  try {
    const binary = atob(text.replaceAll('-', '+').replaceAll('_', '/'))
    return new TextDecoder().decode(Uint8Array.from(binary, letter => letter.charCodeAt(0)))
  } catch {
    return ''
  }
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
