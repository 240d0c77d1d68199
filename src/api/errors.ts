import createError from '@fastify/error'
import type { FastifyError, FastifyInstance } from 'fastify'
import { type Static, Type } from 'typebox'

/** Refusals of the API: the envelope of the whole host, and below `errors` what is wrong with each field. */

export const Unauthorized = createError('CPH_API_NO_TOKEN', 'Authorization: Bearer with a valid token is needed', 401)
export const MissingScope = createError<[string]>('CPH_API_SCOPE', 'The token lacks the scope "%s"', 403)
export const OtherRegistration = createError(
  'CPH_API_REGISTRATION',
  'The token is for another registration than this',
  403
)
export const ForeignOrigin = createError(
  'CPH_API_ORIGIN',
  'The session of the console is for requests of its own pages: behind a proxy, open it at the address of LV_PLUGIN_SELF_URI, or have the proxy hand on the Host',
  403
)
export const Missing = createError<[string]>('CPH_API_NOT_FOUND', 'There is no such %s', 404)
export const TooFast = createError<[string]>('CPH_API_TOO_FAST', '%s', 429)
export const TooManyViewers = createError(
  'CPH_API_TOO_MANY_VIEWERS',
  'There are as many viewers as one host may have',
  503
)
export const TooSlow = createError(
  'CPH_API_TOO_SLOW',
  'The search took too long: narrow it down by registration, since or until',
  422
)
export const Past = createError<[string]>('CPH_API_PAST', '"%s" is in the past', 400)
export const Conflict = createError<[string]>('CPH_API_CONFLICT', '%s', 409)
export const EitherOf = createError<[string, string]>('CPH_API_EITHER', 'Give either "%s" or "%s"', 400)
export const NotMounted = createError<[string]>(
  'CPH_API_NOT_MOUNTED',
  'The channel "%s" of this registration is not mounted here',
  409
)
/** For what no schema can say. */
export const Wrong = createError<[string]>('CPH_API_WRONG', '%s', 400)
const Invalid = createError<[string]>('CPH_API_INVALID', '%s', 400)

export const ErrorAnswer = Type.Object(
  {
    code: Type.Integer({ description: 'The status of the answer' }),
    message: Type.String(),
    errors: Type.Optional(
      Type.Record(Type.String(), Type.String(), { description: 'What is wrong, by field; / parts levels' })
    )
  },
  { title: 'Error' }
)

/** Longest list of wrong fields; an item of a thousand may be wrong in each. */
const MAX_ERRORS = 100

/** Takes what validation refused; the host's own handler takes the rest. */
export function refuseInvalid(app: FastifyInstance): void {
  app.setErrorHandler<FastifyError>(async (error, request, reply) => {
    if (!error.validation) throw error
    const part = error.validationContext ?? 'request'
    const errors = Object.fromEntries(error.validation.slice(0, MAX_ERRORS).flatMap(fieldsOf))
    request.log.info({ event: 'api.refused', fields: Object.keys(errors) }, 'API request refused')
    const message = `The ${part === 'querystring' ? 'query' : part} is not valid: ${Object.entries(errors)
      .slice(0, 1)
      .map(([field, text]) => `${field} ${text}`)}`
    const { statusCode = 400 } = new Invalid(message)
    return reply.code(statusCode).send({ code: statusCode, message, errors } satisfies Static<typeof ErrorAnswer>)
  })
}

/** The first problem, in one line. */
export const firstProblem = (errors: readonly Validation[]): string =>
  errors
    .flatMap(fieldsOf)
    .slice(0, 1)
    .map(([field, text]) => `${field} ${text}`)
    .join() || 'it is not valid'

/** A field that is missing or not known is named itself, not the object around it. */
function fieldsOf({ instancePath, keyword, params, message = 'is not valid' }: Validation): [string, string][] {
  // The library reports an unknown field twice: as itself, by the schema `false`, and by its name.
  if (keyword === 'boolean') return []
  const names =
    keyword === 'required'
      ? (params.requiredProperties as string[] | undefined)
      : keyword === 'additionalProperties'
        ? (params.additionalProperties as string[] | undefined)
        : undefined
  const path = instancePath.replace(/^\//, '')
  const text = keyword === 'required' ? 'is missing' : keyword === 'additionalProperties' ? 'is not known' : message
  return (names ?? ['']).map(name => [[path, name].filter(Boolean).join('/').slice(0, 200) || 'it', text])
}

type Validation = NonNullable<FastifyError['validation']>[number]
