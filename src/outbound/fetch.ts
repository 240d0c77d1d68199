import type { IncomingHttpHeaders } from 'node:http'
import { brotliDecompressSync, gunzipSync, inflateSync } from 'node:zlib'
import { type Dispatcher, Response } from 'undici'
import { exchange, type Read, type Sink } from './exchange.ts'
import { pairs, WholeResponse } from './whole-response.ts'

/** `fetch` for channels. The library's own spends 480 us of the processor on a small call, most of it on streams that nobody reads as such. */

interface Plain {
  method?: string
  headers?: Record<string, string>
  body?: string | Uint8Array | null
  signal?: AbortSignal | null
}

/** `deadline` ends a call as its own signal does. */
export type Fetch = (...given: [...Parameters<typeof globalThis.fetch>, deadline?: AbortSignal]) => Promise<Answer>

/** Answers of text are small, and read whole. */
const TEXT = /^(text\/|application\/(.+\+)?(json|xml))/i
/** What is longer is handed on as it comes. */
const SMALL = 1024 * 1024

export function openFetch(dispatcher: Dispatcher): Fetch {
  const call = async (input: string | URL, init: RequestInit = {}, deadline?: AbortSignal) => {
    const {
      method = 'GET',
      headers = {},
      body = null,
      signal = null
    } = isPlain(init) ? init : await plainly(input, init)
    const signals = [signal, deadline].filter(one => one !== null && one !== undefined)
    const asked = { url: input, method: method.toUpperCase(), body, signals }
    const given = { accept: '*/*', ...typeOf(body, headers), ...headers }
    return exchange(dispatcher, { ...asked, headers: given }, reading(asked.method)).catch((error: unknown) => {
      const stopped = signals.find(({ aborted }) => aborted)
      throw stopped ? stopped.reason : new TypeError('fetch failed', { cause: error })
    })
  }
  return call as unknown as Fetch
}

type Answer = Awaited<ReturnType<typeof globalThis.fetch>>

const reading =
  (method: string): Read<Answer> =>
  ({ status, headers }, resolve, flow) => {
    if (![204, 205, 304].includes(status) && method !== 'HEAD' && !isSmall(headers))
      return streamed(body => resolve(new Response(body, { status, headers: pairs(headers) }) as Answer), flow)
    return whole(bytes => resolve(new WholeResponse(decoded(bytes, headers), status, headers)))
  }

type Body = ConstructorParameters<typeof Response>[0]

function whole(respond: (bytes: Buffer<ArrayBuffer>) => void): Sink {
  const chunks: Buffer[] = []
  return { data: chunk => void chunks.push(chunk), end: () => respond(Buffer.concat(chunks)), fail: () => {} }
}

/** Read as fast as it is taken. */
function streamed(respond: (body: Body) => void, flow: Parameters<Read<Answer>>[2]): Sink {
  let taker: ReadableStreamDefaultController<Uint8Array> | undefined
  respond(
    new ReadableStream<Uint8Array>({
      start: controller => {
        taker = controller
      },
      pull: () => flow.resume(),
      cancel: reason => flow.abort(reason instanceof Error ? reason : new Error('The answer was not wanted any more'))
    })
  )
  return {
    data(chunk) {
      // The parser tells of no bytes at all when it goes on; as a piece that would hold it up again.
      if (chunk.length === 0) return
      taker?.enqueue(chunk)
      if ((taker?.desiredSize ?? 0) <= 0) flow.pause()
    },
    end: () => taker?.close(),
    fail: error => taker?.error(error)
  }
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

function isSmall(headers: IncomingHttpHeaders): boolean {
  const length = headers['content-length']
  // What is packed is unpacked whole.
  if (headers['content-encoding'] !== undefined) return true
  return length === undefined ? TEXT.test(String(headers['content-type'])) : Number(length) <= SMALL
}

/** Nobody was asked to pack it, but some do. */
function decoded(body: Buffer<ArrayBuffer>, headers: IncomingHttpHeaders): Uint8Array<ArrayBuffer> {
  if (body.length === 0) return body
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
