import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'

/** Refusals of what never becomes a request, in the same `{code, message}` as all others. Source: docs/protocol.md, "Errors". */

/** Not HTTP, too slow, or more headers than a request may have. */
export function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  // Nobody is there any more to be told.
  if (error.code === 'ECONNRESET' || socket.destroyed) return
  const { code, message } = refusalOf(error)
  const body = JSON.stringify({ code, message })
  if (socket.writable)
    socket.write(
      `HTTP/1.1 ${code} ${STATUS_CODES[code]}\r\nAccess-Control-Allow-Origin: *\r\nConnection: close\r\n` +
        `Content-Length: ${Buffer.byteLength(body)}\r\nContent-Type: application/json; charset=utf-8\r\n\r\n${body}`
    )
  socket.destroy(error)
}

function refusalOf({ code }: NodeJS.ErrnoException): { code: number; message: string } {
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return { code: 408, message: 'The request took too long' }
  if (code === 'HPE_HEADER_OVERFLOW') return { code: 431, message: 'The headers are too large' }
  return { code: 400, message: 'This is not an HTTP request' }
}

/** Anything but `Expect: 100-continue`, which the server sees to itself. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify({ code: 417, message: 'This expectation cannot be met' })
  response.writeHead(417, { 'content-type': 'application/json; charset=utf-8', connection: 'close' }).end(body)
}
