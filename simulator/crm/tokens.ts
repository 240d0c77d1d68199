import { decodeJwt, type JWTPayload, jwtVerify, SignJWT } from 'jose'
import type { SigningKey } from './keys.ts'
import type { Reference } from './model.ts'

const LIFETIME_S = 600

export type Claims = Record<string, unknown>

export interface Addressee {
  selfUri: string
  reference: Reference
}

/** Signs what the CRM says to a plugin. Given claims win, so a test can forge any of them. */
export const tokenSigner =
  ({ pkey, privateKey }: SigningKey, clusterUri: () => string) =>
  ({ selfUri, reference }: Addressee, claims: Claims): Promise<string> =>
    new SignJWT({
      iss: clusterUri(),
      aud: selfUri,
      ...reference,
      exp: Math.floor(Date.now() / 1000) + LIFETIME_S,
      ...claims
    } as JWTPayload)
      .setProtectedHeader({ typ: 'JWT', alg: 'RS512', pkey })
      .sign(privateKey)

export type TokenSigner = ReturnType<typeof tokenSigner>

/** The claims of a token that nobody has verified yet: enough to find whose secret to verify it with. */
export function peek(token: string): JWTPayload | undefined {
  try {
    return decodeJwt(token)
  } catch {
    return undefined
  }
}

/** Verifies what a plugin says to the CRM: signed with the secret of its registration and meant for this cluster. */
export async function verifyPluginToken(token: string, hpt: string, selfUri: string, clusterUri: string) {
  const { payload } = await jwtVerify(token, new TextEncoder().encode(hpt), {
    algorithms: ['HS512'],
    issuer: selfUri,
    audience: clusterUri
  })
  return payload
}
