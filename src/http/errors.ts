import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import createError from '@fastify/error'
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest, HTTPMethods } from 'fastify'
import fp from 'fastify-plugin'
import { isAway } from '../postgres/fault.ts'
import { quoted } from '../protocol/limits.ts'

/** Every refusal leaves as `{code, message}`, the shape that the CRM reads. Source: docs/protocol.md, "Errors". */

export const NoToken = createError('CPH_NO_TOKEN', 'X-PLUGIN-TOKEN not found', 401)
export const WrongToken = createError('CPH_WRONG_TOKEN', 'The token is missing, or wrong', 401)
export const Refused = createError<[string]>('CPH_REFUSED', '%s', 403)
export const NotRegistered = createError('CPH_NOT_REGISTERED', 'Plugin was not registered', 403)
export const NoAccess = createError('CPH_NO_ACCESS', 'Access to settings is not allowed', 403)
export const BadRequest = createError<[string]>('CPH_BAD_REQUEST', '%s', 400)
export const TooLong = createError('CPH_TOO_LONG', 'Request body is too large', 413)
export const UnknownBody = createError<[string]>('CPH_UNKNOWN_BODY', '%s', 415)
export const TooMany = createError(
  'CPH_TOO_MANY',
  'This registration asks for more than it may at a time. Try again in a while',
  429
)
export const NotFound = createError('CPH_NOT_FOUND', 'Not found.', 404)
export const Unacceptable = createError<[string]>('CPH_UNACCEPTABLE', '%s', 405)

/** Unexpected errors become 503, so that the gateway retries its webhook. */
export function toTryAgain(error: unknown): never {
  const fault = error instanceof Error ? error : new Error('A value was thrown that is no Error', { cause: error })
  throw 'statusCode' in fault ? fault : Object.assign(fault, { statusCode: 503 })
}

const WORDS: Readonly<Record<number, string>> = {
  500: 'Internal plugin error',
  503: 'Temporarily out of service, try again'
}

export default fp(
  async app => {
    app.setErrorHandler<FastifyError>((error, request, reply) => {
      const code = statusOf(error)
      request.log[code >= 500 ? 'error' : 'info']({ event: 'request.refused', err: brief(error) }, 'request refused')
      return refuse(reply, code, code >= 500 ? (WORDS[code] ?? 'Internal plugin error') : wordsOf(error))
    })
    app.setNotFoundHandler((_request: FastifyRequest, reply) => refuse(reply, 404, 'Not found.'))
  },
  { name: 'errors' }
)

export const refuse = (reply: FastifyReply, code: number, message: string, more: object = {}) =>
  reply.code(code).send({ code, message, ...more })

/** A library's message repeats its input, hence is cut; our own errors cut theirs themselves. */
const wordsOf = ({ code, message }: FastifyError) => (code?.startsWith('CPH_') ? message : quoted(message))

const brief = (error: FastifyError): Error =>
  wordsOf(error) === error.message
    ? error
    : Object.assign(new Error(wordsOf(error)), { code: error.code, statusCode: error.statusCode })

function statusOf(error: FastifyError): number {
  if (error.statusCode && error.statusCode >= 400) return error.statusCode
  return isAway(error) ? 503 : 500
}

/** Refuses a request that is not HTTP, too slow, or has too many headers. */
export function refuseBroken(error: NodeJS.ErrnoException, socket: Duplex): void {
  // The client is gone.
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

/** Refuses every `Expect` but `100-continue`, which the server handles itself. */
export function refuseExpectation(_request: IncomingMessage, response: ServerResponse): void {
  const body = JSON.stringify({ code: 417, message: 'This expectation cannot be met' })
  response.writeHead(417, { 'content-type': 'application/json; charset=utf-8', connection: 'close' }).end(body)
}

const ALL_METHODS: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE']

/**
 * Answers 405 with `Allow` for the other methods of the routes that `routes`
 * adds. Routes of their own, since Fastify takes a known path with a wrong
 * method for an unknown path.
 */
export async function withMethods(
  app: FastifyInstance,
  routes: (app: FastifyInstance) => Promise<void>
): Promise<void> {
  const allowed = new Map<string, Set<string>>()
  app.addHook('onRoute', ({ url, method }) => {
    const methods = allowed.get(url) ?? new Set<string>()
    for (const name of [method].flat()) methods.add(name)
    allowed.set(url, methods)
  })
  await routes(app)

  for (const [url, methods] of [...allowed]) {
    if (url.includes('*')) continue
    const allow = [...methods, 'OPTIONS'].join(', ')
    app.route({
      method: ALL_METHODS.filter(method => !methods.has(method)),
      url: url.slice(app.prefix.length) || '/',
      exposeHeadRoute: false,
      // Before the body is read, which may be of any kind.
      onRequest: async (_request, reply) => {
        reply.header('allow', allow)
        throw new Unacceptable(`Method not allowed. Must be one of: ${allow}`)
      },
      handler: async () => {}
    })
  }
}
