import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'

/** A side of the run that listens: bare HTTP, so that it can be as rude as networks are. */

export interface Call {
  method: string
  path: string
  body: string
  request: IncomingMessage
  response: ServerResponse
}

export async function startServer(handle: (call: Call) => Promise<void>) {
  const server = createServer((request, response) => {
    text(request)
      .then(body => handle({ method: request.method ?? '', path: request.url ?? '', body, request, response }))
      // The host went away before it had said everything.
      .catch(() => request.socket.destroy())
  })
  // A line that closes tells of a host that was killed, so idle ones stay.
  server.keepAliveTimeout = 600_000
  server.requestTimeout = 0
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/`,
    close: () => {
      server.closeAllConnections()
      return new Promise(resolve => server.close(resolve))
    }
  }
}

/** Resolves when the answer is on its way: true, or when nobody is left to hear it: false. */
export function answer(
  response: ServerResponse,
  status: number,
  body: string,
  headers: Readonly<Record<string, string>> = {}
): Promise<boolean> {
  return new Promise(resolve => {
    if (response.destroyed || response.socket?.destroyed) return resolve(false)
    response.once('close', () => resolve(response.writableFinished))
    response.writeHead(status, headers).end(body)
  })
}

/** Cuts the line without a word. */
export const reset = ({ request }: Call) => request.socket.resetAndDestroy()

/** Says nothing until the other side gives up, or `ms` have passed. */
export async function hang({ request, response }: Call, ms: number): Promise<void> {
  await new Promise<void>(resolve => {
    const timer = setTimeout(resolve, ms)
    response.once('close', () => {
      clearTimeout(timer)
      resolve()
    })
  })
  request.socket.destroy()
}
