const MASK = '••••••••'

/**
 * A request body as it may be shown: passwords masked, and the shared secret
 * too, which travels inside the claims of a registration token.
 */
export function redact(body: string, secrets: readonly string[]): string {
  const value = parse(body)
  if (!value || typeof value !== 'object') return body

  if ('registration' in value && typeof value.registration === 'string') {
    return JSON.stringify({ ...value, registration: redactToken(value.registration) })
  }
  return secrets.length > 0 ? JSON.stringify(maskFields(value, secrets)) : body
}

/** The token with its secret masked, and without the signature that the change makes void. */
function redactToken(token: string): string {
  const [header, claims] = token.split('.')
  const decoded = parse(Buffer.from(claims ?? '', 'base64url').toString())
  if (!decoded || typeof decoded !== 'object') return token

  const masked = 'HPT' in decoded ? { ...decoded, HPT: MASK } : decoded
  return `${header}.${Buffer.from(JSON.stringify(masked)).toString('base64url')}.signature-of-the-unmasked-token`
}

function maskFields(form: object, secrets: readonly string[]): object {
  const groups = Object.entries(form).map(([group, fields]) => {
    if (!fields || typeof fields !== 'object') return [group, fields]
    const shown = Object.entries(fields).map(([field, value]) => [
      field,
      value && secrets.includes(`${group}.${field}`) ? MASK : value
    ])
    return [group, Array.isArray(fields) ? fields : Object.fromEntries(shown)]
  })
  return Object.fromEntries(groups)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
