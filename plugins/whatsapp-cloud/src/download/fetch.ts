import { createHash } from 'node:crypto'
import { authorized, type Caller, reasonOf } from '../graph/call.ts'
import { plainType } from '../incoming/media.ts'
import type { WhatsAppTools } from '../settings.ts'
import { nameOf } from './name.ts'

export interface Wanted {
  url: string
  /** As the webhook told it, without parameters; '' if it did not. */
  mime: string
  sha256: string
  /** The digest of what came another time, in hex: what comes twice is the file, whatever was announced. */
  before?: string | undefined
}

export type Fetched =
  | { kind: 'fetched'; uri: string; name: string }
  /** `digest`: of bytes that are not those that were announced. */
  | { kind: 'failed'; reason: string; digest?: string }

/** The most that a customer can send. */
const LARGEST = 100 * 1024 * 1024

/** Streams a file to the uploads; what is not the file that was announced leaves nothing there. */
export async function fetchMedia(
  wanted: Wanted,
  given: string,
  { access }: Caller,
  { fetch, upload, log }: WhatsAppTools
): Promise<Fetched> {
  let digest: string | undefined
  const isOther = (found: string) => {
    digest = found
  }
  try {
    const response = await fetch(wanted.url, { headers: authorized(access.token), media: true })
    const problem = problemOf(response, wanted)
    if (problem || !response.body) {
      await response.body?.cancel()
      return { kind: 'failed', reason: problem || 'there are no bytes' }
    }
    const { name, body } = await nameOf(given, wanted.mime, response.headers, response.body)
    return { kind: 'fetched', uri: await upload(name, checked(body, wanted, log, isOther)), name }
  } catch (error) {
    return { kind: 'failed', reason: reasonOf(error), ...(digest === undefined ? {} : { digest }) }
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

const OTHER = 'the bytes are not those that WhatsApp announced'

/** `isOther`: told, before it throws, the digest of bytes that are not those that were announced. */
async function* checked(
  body: AsyncIterable<Uint8Array>,
  { sha256, before }: Wanted,
  log: WhatsAppTools['log'],
  isOther: (digest: string) => void
) {
  const hash = createHash('sha256')
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > LARGEST) throw new Error('too large')
    hash.update(chunk)
    yield chunk
  }
  if (length === 0) throw new Error('there are no bytes')
  const digest = hash.digest()
  if (fits(digest, sha256)) return
  if (digest.toString('hex') !== before) {
    isOther(digest.toString('hex'))
    throw new Error(OTHER)
  }
  log.warn({}, `${OTHER}, but the same twice, so they are the file`)
}

/** Webhooks write the digest in base64, the API in hex; anything else is none. */
function fits(digest: Buffer, sha256: string): boolean {
  if (/^[0-9a-f]{64}$/i.test(sha256)) return digest.toString('hex') === sha256.toLowerCase()
  return /^[A-Za-z0-9+/]{43}=$/.test(sha256) ? digest.toString('base64') === sha256 : true
}
