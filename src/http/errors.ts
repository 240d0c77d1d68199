import createError from '@fastify/error'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isAway } from '../postgres/fault.ts'
import { quoted } from '../protocol/quote.ts'

/** Every refusal leaves as `{code, message}`, the shape that the CRM reads. Source: docs/protocol.md, "Errors". */

export const NoToken = createError('CPH_NO_TOKEN', 'X-PLUGIN-TOKEN not found', 401)
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

/** For whoever calls again after it: what nobody foresaw is a fault of ours. */
export function toTryAgain(error: unknown): never {
  const fault = error instanceof Error ? error : new Error('What was thrown is no error', { cause: error })
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
      request.log[code >= 500 ? 'error' : 'info']({ err: brief(error) }, 'request refused')
      return refuse(reply, code, code >= 500 ? (WORDS[code] ?? 'Internal plugin error') : wordsOf(error))
    })
    app.setNotFoundHandler((_request: FastifyRequest, reply) => refuse(reply, 404, 'Not found.'))
  },
  { name: 'errors' }
)

export const refuse = (reply: FastifyReply, code: number, message: string) => reply.code(code).send({ code, message })

/** What the library says repeats what it was given; our own errors see to that themselves. */
const wordsOf = ({ code, message }: FastifyError) => (code?.startsWith('CPH_') ? message : quoted(message))

const brief = (error: FastifyError): Error =>
  wordsOf(error) === error.message
    ? error
    : Object.assign(new Error(wordsOf(error)), { code: error.code, statusCode: error.statusCode })

function statusOf(error: FastifyError): number {
  if (error.statusCode && error.statusCode >= 400) return error.statusCode
  return isAway(error) ? 503 : 500
}
