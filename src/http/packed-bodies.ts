import type { IncomingHttpHeaders } from 'node:http'
import { promisify } from 'node:util'
import { gunzip, inflate, inflateRaw } from 'node:zlib'
import type { FastifyRequest } from 'fastify'
import { BadRequest, TooLong, UnknownBody } from './errors.ts'

/** Packed bodies, which only webhooks take: gateways may pack their calls, the CRM packs nothing. */

type Unpack = (body: Buffer, limit: { maxOutputLength: number }) => Promise<Buffer>

const zlib: Unpack = promisify(inflate)
const raw: Unpack = promisify(inflateRaw)

const WAYS: Readonly<Record<string, Unpack>> = {
  gzip: promisify(gunzip),
  'x-gzip': promisify(gunzip),
  // Half of the senders of `deflate` leave the zlib frame out.
  deflate: (body, limit) => (isFramed(body) ? zlib : raw)(body, limit)
}

/** A zlib frame, recognized by its first two bytes (RFC 1950). */
const isFramed = (body: Buffer) => body.length >= 2 && (body[0] ?? 0) % 16 === 8 && body.readUInt16BE(0) % 31 === 0

/** The content encoding of a packed body; undefined for one that is not packed. */
const wayOf = ({ 'content-encoding': encoding = '' }: IncomingHttpHeaders): string | undefined => {
  const way = encoding.trim().toLowerCase()
  return way === '' || way === 'identity' ? undefined : way
}

/** Refuses a packed body by 415, as a hook before a body is read. */
export async function refusePacked({ headers, method, is404 }: FastifyRequest): Promise<void> {
  if (method === 'GET' || method === 'HEAD' || is404 || wayOf(headers) === undefined) return
  throw new UnknownBody('The body is packed (Content-Encoding), which is not taken here')
}

/**
 * A function that unpacks a body by the content encoding of its headers, undefined where they name none. A body of more
 * than `most` bytes is refused by 413, a broken one by 400. Throws 415 for other encodings.
 */
export function unpackerOf(
  headers: IncomingHttpHeaders,
  most: number
): ((body: Buffer) => Promise<Buffer>) | undefined {
  const way = wayOf(headers)
  if (way === undefined) return undefined
  const unpack = Object.hasOwn(WAYS, way) ? WAYS[way] : undefined
  if (!unpack) throw new UnknownBody('The body is packed (Content-Encoding) in another way than gzip or deflate')
  return async body =>
    body.length === 0
      ? body
      : unpack(body, { maxOutputLength: most }).catch((error: NodeJS.ErrnoException) => {
          throw error.code === 'ERR_BUFFER_TOO_LARGE' ? new TooLong() : new BadRequest('The packed body is broken')
        })
}

/** Runs works of one key one after the other. Each resolves as its work does. */
export function oneByOne() {
  const last = new Map<number, Promise<unknown>>()
  return async <Answer>(key: number, work: () => Promise<Answer>): Promise<Answer> => {
    const mine = (last.get(key) ?? Promise.resolve()).then(work)
    const ended = mine.catch(() => {})
    last.set(key, ended)
    try {
      return await mine
    } finally {
      if (last.get(key) === ended) last.delete(key)
    }
  }
}
