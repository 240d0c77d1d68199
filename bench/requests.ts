import { createPrivateKey, sign } from 'node:crypto'
import { promisify } from 'node:util'
import { ALIAS, COMPANY, encode, type Place } from './place.ts'

/** Requests of the CRM, signed and written out before any clock starts. */

export interface Batch {
  place: Place
  /** The number of the first message; each has its own. */
  from: number
  count: number
  /** How many contacts they are spread over, evenly and in turns. */
  conversations: number
}

const AT_ONCE = 64
const signInPool = promisify(sign)

/** Each message's text is its number, by which the other sides tell when it came by. */
export async function makeRequests({ place, from, count, conversations }: Batch): Promise<Buffer[]> {
  const key = createPrivateKey(place.privateKey)
  const header = encode({ typ: 'JWT', alg: 'RS512', pkey: place.pkey })
  const made: Buffer[] = []
  for (let next = from; next < from + count; next += AT_ONCE)
    made.push(
      ...(await Promise.all(
        Array.from({ length: Math.min(AT_ONCE, from + count - next) }, async (_, offset) => {
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
