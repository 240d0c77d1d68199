import type { Media } from 'channel-kit/tools'
import { type Dispatcher, Response, FormData as StreamedForm } from 'undici'
import type { Budget, Share } from './budget.ts'
import { exchange, type Flow, type Head, type Read, type Sink } from './exchange.ts'
import { pairs, WholeResponse } from './whole-response.ts'

/**
 * `fetch` for channels. The library's own spends 480 us of the processor on a
 * small call, most of it on streams that nobody reads as such. Nothing that is
 * packed is taken: 211 bytes of it may be 128 MiB, unpacked at everybody's cost.
 */

interface SimpleInit extends Media {
  method?: string
  headers?: Record<string, string>
  body?: string | Uint8Array | StreamedForm | null
  signal?: AbortSignal | null
}

/** Bounds of a call: `deadline` ends it as its own signal does, `budget` is the memory for the answers of its account. */
interface Hold {
  deadline?: AbortSignal
  budget?: Budget
}

/** Rejects with what went wrong as the cause, which is `ANSWER_REFUSED` by its code when the request has surely arrived. */
export type Fetch = (input: string | URL | Request, init?: RequestInit & Media, hold?: Hold) => Promise<Answer>

/** The code of a refused answer. The gateway has the request, and may have done what it asks. */
const ANSWER_REFUSED = 'OUTBOUND_ANSWER_REFUSED'

/** Most bytes of an answer that is read whole. */
const MAX_WHOLE_BYTES = 1024 * 1024

export function openFetch(dispatcher: Dispatcher): Fetch {
  const call = async (
    input: string | URL,
    init: RequestInit & Media = {},
    { deadline, budget }: Hold = {}
  ): Promise<Answer> => {
    const {
      method = 'GET',
      headers = {},
      body = null,
      signal = null
    } = isSimpleInit(init) ? init : await simpleInit(input, init)
    const signals = [signal, deadline].filter(one => one !== null && one !== undefined)
    const asked = { url: input, method: method.toUpperCase(), body, signals }
    const given = { accept: '*/*', ...typeOf(body, headers), ...unpacked(headers) }
    const read = init.media ? streaming(asked.method) : reading(asked.method, budget)
    return exchange(dispatcher, { ...asked, headers: given }, read).catch((error: unknown) => {
      const stopped = signals.find(({ aborted }) => aborted)
      throw stopped ? stopped.reason : new TypeError('fetch failed', { cause: error })
    })
  }
  return call as unknown as Fetch
}

type Answer = Awaited<ReturnType<typeof globalThis.fetch>>

const unpacked = (headers: Record<string, string>) => ({
  ...Object.fromEntries(Object.entries(headers).filter(([name]) => name.toLowerCase() !== 'accept-encoding')),
  'accept-encoding': 'identity'
})

const hasBody = (method: string, { status }: Head) => ![204, 205, 304].includes(status) && method !== 'HEAD'

/** Why an answer is not taken, by its head. */
function objection({ headers }: Head, most: number): Error | undefined {
  const encoding = headers['content-encoding']
  if (encoding !== undefined && encoding.toString().toLowerCase() !== 'identity')
    return refused(`The answer is packed (${encoding.toString().slice(0, 40)}), which it was asked not to be`)
  return Number(headers['content-length']) > most ? tooLong() : undefined
}

const refused = (message: string) => Object.assign(new Error(message), { code: ANSWER_REFUSED })

const tooLong = () => refused(`The answer is longer than ${MAX_WHOLE_BYTES} bytes`)

const reading =
  (method: string, budget: Budget | undefined): Read<Answer> =>
  (head, resolve, flow) => {
    const { status, headers } = head
    const problem = hasBody(method, head) ? objection(head, MAX_WHOLE_BYTES) : undefined
    if (problem) return stopped(problem, flow)
    const share = budget?.join(() => flow.abort(refused('The account has too many long answers at a time')))
    return whole(bytes => resolve(new WholeResponse(bytes, status, headers)), flow, share)
  }

/** Its length is bounded by the dispatcher. */
const streaming =
  (method: string): Read<Answer> =>
  (head, resolve, flow) => {
    const { status, headers } = head
    if (!hasBody(method, head)) return reading(method, undefined)(head, resolve, flow)
    const problem = objection(head, Number.POSITIVE_INFINITY)
    if (problem) return stopped(problem, flow)
    return streamed(body => resolve(new Response(body, { status, headers: pairs(headers) }) as Answer), flow)
  }

type Body = ConstructorParameters<typeof Response>[0]

function stopped(problem: Error, flow: Flow): Sink {
  flow.abort(problem)
  return { data: () => {}, end: () => {}, fail: () => {} }
}

function whole(respond: (bytes: Buffer<ArrayBuffer>) => void, flow: Flow, share: Share | undefined): Sink {
  let chunks: Buffer[] = []
  let length = 0
  return {
    data(chunk) {
      length += chunk.length
      if (length > MAX_WHOLE_BYTES) {
        chunks = []
        return flow.abort(tooLong())
      }
      chunks.push(chunk)
      share?.take(chunk.length)
    },
    end() {
      share?.leave()
      respond(Buffer.concat(chunks))
    },
    fail: () => share?.leave()
  }
}

/** Read as fast as it is taken. */
function streamed(respond: (body: Body) => void, flow: Flow): Sink {
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

const isSimpleInit = (init: RequestInit & Media): init is SimpleInit =>
  (init.body === undefined || init.body === null || typeof init.body === 'string' || init.body instanceof Uint8Array) &&
  (init.headers === undefined || Object.getPrototypeOf(init.headers) === Object.prototype)

/** Files, streams and whatever else a request may be made of, as bytes. Forms go piece by piece, their files may be large. */
async function simpleInit(input: string | URL, init: RequestInit): Promise<SimpleInit> {
  if (init.body instanceof FormData) {
    const { method = 'POST', headers, signal = null } = init
    return { method, headers: Object.fromEntries(new Headers(headers)), body: streamedForm(init.body), signal }
  }
  const made = new Request(input, { ...init, ...(init.body instanceof ReadableStream ? { duplex: 'half' } : {}) })
  return {
    method: made.method,
    headers: Object.fromEntries(made.headers),
    body: made.body ? new Uint8Array(await made.arrayBuffer()) : null,
    signal: init.signal ?? null
  }
}

/** As the library's own, which alone has a length and a type of its content for its dispatcher. */
function streamedForm(form: FormData): StreamedForm {
  const streamed = new StreamedForm()
  for (const [name, value] of form)
    if (typeof value === 'string') streamed.append(name, value)
    else streamed.append(name, value, value.name)
  return streamed
}

const typeOf = (body: unknown, headers: Record<string, string>) =>
  typeof body === 'string' && !Object.keys(headers).some(name => name.toLowerCase() === 'content-type')
    ? { 'content-type': 'text/plain;charset=UTF-8' }
    : {}
