import { createHash, createHmac, generateKeyPairSync, sign as signWith, timingSafeEqual } from 'node:crypto'

/** Tokens of the protocol by hand: thousands go through a run, on one thread. */

export interface Key {
  pem: string
  pkey: string
  /** A token that a CRM signs for a plugin. */
  sign(claims: object): string
}

export function makeKey(): Key {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
  const pkey = createHash('md5').update(pem).digest('hex')
  const header = encode({ typ: 'JWT', alg: 'RS512', pkey })
  return {
    pem,
    pkey,
    sign: claims => {
      const signed = `${header}.${encode(claims)}`
      return `${signed}.${signWith('RSA-SHA512', Buffer.from(signed), privateKey).toString('base64url')}`
    }
  }
}

/** The claims of a token that a plugin signed with the secret of its registration, for this cluster and not long ago. */
export function readToken(token: string, secretOf: (claims: Claims) => string | undefined, aud: string): Claims {
  const [header = '', payload = '', signature = ''] = token.split('.')
  const claims = JSON.parse(Buffer.from(payload, 'base64url').toString()) as Claims
  const right = createHmac('sha512', secretOf(claims) ?? '')
    .update(`${header}.${payload}`)
    .digest()
  const given = Buffer.from(signature, 'base64url')
  if (given.length !== right.length || !timingSafeEqual(given, right)) throw new Error('the signature is wrong')
  if (claims.aud !== aud) throw new Error(`the audience is ${claims.aud}`)
  if (claims.exp * 1_000 < Date.now()) throw new Error('the token is expired')
  return claims
}

export interface Claims {
  aud: string
  exp: number
  plugin: { id: string }
  body: unknown
}

const encode = (part: object) => Buffer.from(JSON.stringify(part)).toString('base64url')
