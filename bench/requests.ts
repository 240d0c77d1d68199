import { createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { request } from 'undici'

/** The CRM's address, key and registrations, on which all sides of a run agree. */
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

const COMPANY = '1'
const ALIAS = 'chat'
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

const encode = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/** Requests to be signed and written out before a clock starts. */
export interface Batch {
  place: Place
  /** The number of the first message; each has its own. */
  from: number
  count: number
  /** Number of contacts, to which messages go in turns. */
  conversations: number
}

const SIGNED_TOGETHER = 64
const signInPool = promisify(sign)

/** The text of a message is its number, by which the other sides note its times. */
export async function makeRequests({ place, from, count, conversations }: Batch): Promise<Buffer[]> {
  const key = createPrivateKey(place.privateKey)
  const header = encode({ typ: 'JWT', alg: 'RS512', pkey: place.pkey })
  const made: Buffer[] = []
  for (let next = from; next < from + count; next += SIGNED_TOGETHER)
    made.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(SIGNED_TOGETHER, from + count - next) }, async (_, offset) => {
          const signed = `${header}.${encode(claimsOf(place, next + offset, conversations))}`
          const signature = await signInPool('RSA-SHA512', Buffer.from(signed), key)
          return requestOf(JSON.stringify({ request: `${signed}.${signature.toString('base64url')}` }))
        })
      ))
    )
  return made
}

function claimsOf({ crmUrl, selfUri, accounts }: Place, number: number, conversations: number) {
  const conversation = number % conversations
  const contact = `+5511${String(conversation).padStart(9, '0')}`
  return {
    iss: crmUrl,
    aud: selfUri,
    cid: COMPANY,
    plugin: { alias: ALIAS, id: accounts[conversation % accounts.length] },
    body: {
      chat: { id: contact, contact, subject: null },
      message: { id: `m-${number}`, content: { text: String(number), format: 'text' }, attachments: [] }
    },
    exp: Math.floor(Date.now() / 1_000) + 86_400
  }
}

const requestOf = (body: string) =>
  Buffer.from(
    `POST /special/send HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  )
