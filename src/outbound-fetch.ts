import { Readable } from 'node:stream'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { type Dispatcher, Response, request } from 'undici'

/**
 * `fetch` for channels. The library's own spends 480 us of the processor on a
 * small call, most of it on streams that nobody reads as such; its `request`,
 * with the answer made a `Response` afterwards, 170.
 */

interface Plain {
  method?: string
  headers?: Record<string, string>
  body?: string | Uint8Array | null
  signal?: AbortSignal | null
}

/** Answers of text are small, and read whole. */
const TEXT = /^(text\/|application\/(.+\+)?(json|xml))/i
/** What is longer is handed on as it comes. */
const SMALL = 1024 * 1024

export function openFetch(dispatcher: Dispatcher): typeof globalThis.fetch {
  const call = async (input: string | URL, init: RequestInit = {}) => {
    const {
      method = 'GET',
      headers = {},
      body = null,
      signal = null
    } = isPlain(init) ? init : await plainly(input, init)
    const asked = request(input, {
      dispatcher,
      method: method.toUpperCase() as Dispatcher.HttpMethod,
      headers: { accept: '*/*', ...typeOf(body, headers), ...headers },
      body,
      signal
    })
    const answer = await asked.catch((error: unknown) => {
      throw signal?.aborted ? signal.reason : new TypeError('fetch failed', { cause: error })
    })
    const response = { status: answer.statusCode, headers: pairs(answer.headers) }
    if ([204, 205, 304].includes(answer.statusCode) || method.toUpperCase() === 'HEAD') {
      await answer.body.dump()
      return new Response(null, response)
    }
    if (isSmall(answer.headers))
      return new Response(decoded(Buffer.from(await answer.body.arrayBuffer()), answer.headers), response)
    return new Response(Readable.toWeb(answer.body) as ConstructorParameters<typeof Response>[0], response)
  }
  return call as unknown as typeof globalThis.fetch
}

const isPlain = (init: RequestInit): init is Plain =>
  (init.body === undefined || init.body === null || typeof init.body === 'string' || init.body instanceof Uint8Array) &&
  (init.headers === undefined || Object.getPrototypeOf(init.headers) === Object.prototype)

/** Forms, files, streams and whatever else a request may be made of, as bytes. */
async function plainly(input: string | URL, init: RequestInit): Promise<Plain> {
  const made = new Request(input, { ...init, ...(init.body instanceof ReadableStream ? { duplex: 'half' } : {}) })
  return {
    method: made.method,
    headers: Object.fromEntries(made.headers),
    body: made.body ? new Uint8Array(await made.arrayBuffer()) : null,
    signal: init.signal ?? null
  }
}

const typeOf = (body: unknown, headers: Record<string, string>) =>
  typeof body === 'string' && !Object.keys(headers).some(name => name.toLowerCase() === 'content-type')
    ? { 'content-type': 'text/plain;charset=UTF-8' }
    : {}

type Headers = Dispatcher.ResponseData['headers']

function isSmall(headers: Headers): boolean {
  const length = headers['content-length']
  // What is packed is unpacked whole.
  if (headers['content-encoding'] !== undefined) return true
  return length === undefined ? TEXT.test(String(headers['content-type'])) : Number(length) <= SMALL
}

/** Nobody was asked to pack it, but some do. */
function decoded(body: Buffer<ArrayBuffer>, headers: Headers): Uint8Array<ArrayBuffer> {
  const limit = { maxOutputLength: 128 * SMALL }
  switch (headers['content-encoding']) {
    case 'gzip':
      return gunzipSync(body, limit)
    case 'deflate':
      return inflateSync(body, limit)
    case 'br':
      return brotliDecompressSync(body, limit)
    default:
      return body
  }
}

const pairs = (headers: Headers): [string, string][] =>
  Object.entries(headers).flatMap(([name, value]) =>
    value === undefined ? [] : [value].flat().map((one): [string, string] => [name, one])
  )
