import { createHash } from 'node:crypto'
import { authorized, type Caller, reasonOf } from '../graph/call.ts'
import { plainType } from '../incoming/media.ts'
import type { WhatsAppTools } from '../settings.ts'

export interface Wanted {
  url: string
  /** As the webhook told it, without parameters. */
  mime: string
  sha256: string
}

export type Fetched = { kind: 'fetched'; uri: string } | { kind: 'failed'; reason: string }

/** The most that a customer can send. */
const LARGEST = 100 * 1024 * 1024

/** Streams a file to the uploads; what is not the file that was announced leaves nothing there. */
export async function fetchMedia(
  wanted: Wanted,
  name: string,
  { access }: Caller,
  { fetch, upload }: WhatsAppTools
): Promise<Fetched> {
  try {
    const response = await fetch(wanted.url, { headers: authorized(access.token), media: true })
    const problem = problemOf(response, wanted)
    if (problem || !response.body) {
      await response.body?.cancel()
      return { kind: 'failed', reason: problem || 'there are no bytes' }
    }
    return { kind: 'fetched', uri: await upload(name, checked(response.body, wanted.sha256)) }
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error) }
  }
}

/** An address that is not good any more is answered by a page or an error, which must not be kept for the picture. */
function problemOf({ status, headers }: Response, { mime }: Wanted): string {
  if (status !== 200) return `HTTP ${status}`
  const type = plainType(headers.get('content-type') ?? '')
  const isPage = type === 'text/html' || type === 'application/json'
  if (isPage && mime !== type) return `${type} instead of ${mime || 'a file'}`
  return Number(headers.get('content-length')) > LARGEST ? 'too large' : ''
}

async function* checked(body: AsyncIterable<Uint8Array>, sha256: string) {
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > LARGEST) throw new Error('too large')
    hash.update(chunk)
    yield chunk
  }
  if (length === 0) throw new Error('there are no bytes')
  if (!fits(hash.digest(), sha256)) throw new Error('the bytes are not those that WhatsApp announced')
}

/** Webhooks write the digest in base64, the API in hex; anything else is none. */
function fits(digest: Buffer, sha256: string): boolean {
  if (/^[0-9a-f]{64}$/i.test(sha256)) return digest.toString('hex') === sha256.toLowerCase()
  return /^[A-Za-z0-9+/]{43}=$/.test(sha256) ? digest.toString('base64') === sha256 : true
}
