import type { IncomingHttpHeaders } from 'node:http'
import type { Dispatcher, FormData } from 'undici'

/**
 * A request and its answer, by the dispatcher itself: the library's `request`
 * makes a stream of every answer, which costs 40 us of the processor more than
 * the 54 of a small call.
 */

export interface Asked {
  url: string | URL
  method: Dispatcher.HttpMethod
  headers: Record<string, string>
  body?: string | Uint8Array | FormData | null
  /** Any of them ends it. `AbortSignal.any` would make one of them, which may be collected before it fires. */
  signals?: readonly AbortSignal[]
}

/** Receiver of the bytes of an answer as they come. */
export interface Sink {
  data(chunk: Buffer): void
  end(): void
  fail(error: Error): void
}

export interface Head {
  status: number
  headers: IncomingHttpHeaders
}

export type Flow = Pick<Dispatcher.DispatchController, 'pause' | 'resume' | 'abort'>

/** Begins to read an answer. `resolve` may be called at any time. */
export type Read<Answer> = (head: Head, resolve: (answer: Answer) => void, flow: Flow) => Sink

/** Rejects with what went wrong, or with the reason of a signal. */
export const exchange = <Answer>(
  dispatcher: Dispatcher,
  { url, signals = [], body = null, ...asked }: Asked,
  read: Read<Answer>
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    const stopped = signals.find(({ aborted }) => aborted)
    if (stopped) return reject(stopped.reason)
    const { origin, pathname, search } = typeof url === 'string' ? new URL(url) : url
    let started: Dispatcher.DispatchController | undefined
    let sink: Sink | undefined

    const unsubscribe = () => {
      for (const signal of signals) signal.removeEventListener('abort', abort)
    }
    const fail = (error: Error) => {
      unsubscribe()
      reject(error)
      sink?.fail(error)
    }
    // A request that still waits for a connection is stopped when it has one.
    function abort(): void {
      const reason = signals.find(({ aborted }) => aborted)?.reason
      if (started) started.abort(reason)
      else fail(reason)
    }
    for (const signal of signals) signal.addEventListener('abort', abort)

    dispatcher.dispatch(
      { origin, path: `${pathname}${search}`, body, ...asked },
      {
        onRequestStart(controller) {
          started = controller
          if (signals.some(({ aborted }) => aborted)) abort()
        },
        onResponseStart(controller, status, headers) {
          if (status >= 200) sink = read({ status, headers }, resolve, controller)
        },
        onResponseData: (_controller, chunk) => sink?.data(chunk),
        onResponseEnd() {
          unsubscribe()
          sink?.end()
        },
        onResponseError: (_controller, error) => fail(error)
      }
    )
  })

/** An answer of at most so many bytes. Of one that is longer the rest is not waited for, and there is no body. */
export const wholeUpTo =
  (most: number): Read<Head & { body: Buffer | null }> =>
  (head, resolve, flow) => {
    const chunks: Buffer[] = []
    let left = most
    return {
      data(chunk) {
        chunks.push(chunk)
        left -= chunk.length
        if (left >= 0) return
        resolve({ ...head, body: null })
        flow.abort(new Error('The answer is too long'))
      },
      end: () => resolve({ ...head, body: Buffer.concat(chunks) }),
      fail: () => {}
    }
  }
