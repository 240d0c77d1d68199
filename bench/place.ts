import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { request } from 'undici'

/** Who posts to whom: what the sides of a run have to agree on. */
export interface Place {
  crmUrl: string
  /** The audience of tokens, whichever port a host listens on. */
  selfUri: string
  pkey: string
  /** PKCS #8, in PEM. */
  privateKey: string
  /** The ids of the registrations. */
  accounts: readonly string[]
}

export const COMPANY = '1'
export const ALIAS = 'chat'
/** The secret of all registrations; long enough for HS512. */
const SECRET = 's'.repeat(64)

/** Registers every account of a place at the host that listens there. */
export async function registerAll(place: Place, host: string): Promise<void> {
  const key = createPrivateKey(place.privateKey)
  for (const id of place.accounts) {
    const registration = token(place, key, {
      plugin: { alias: ALIAS, id },
      HPT: SECRET,
      country: 'RU',
      currency: 'RUB'
    })
    const { statusCode, body } = await request(`${host}registration`, {
      method: 'PUT',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ registration })
    })
    const text = await body.text()
    if (statusCode !== 200) throw new Error(`the handshake was answered ${statusCode}: ${text}`)
  }
}

function token({ crmUrl, selfUri, pkey }: Place, key: KeyObject, claims: object): string {
  const signed = `${encode({ typ: 'JWT', alg: 'RS512', pkey })}.${encode({ iss: crmUrl, aud: selfUri, cid: COMPANY, ...claims })}`
  return `${signed}.${sign('RSA-SHA512', Buffer.from(signed), key).toString('base64url')}`
}

export const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')
