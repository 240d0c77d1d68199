import formbody from '@fastify/formbody'
import fp from 'fastify-plugin'
import qs from 'qs'
import { isTooDeep, LIMITS } from '../protocol/limits.ts'
import { BadRequest } from './errors.ts'
import { refusePacked } from './packed-bodies.ts'

/** Bodies as the CRM may write them: JSON under any JSON type, and web forms with nested names. Source: docs/protocol.md, "Bodies". */

/** A text of the CRM's chat may be long; a message with everything fits. */
export const BODY_LIMIT = LIMITS.body

/** Levels of names, below the first. */
const MAX_NAME_DEPTH = 3

/** Stands for fields that are too many or nested too deep: Fastify does not expect its parsers to throw. */
const EXCESSIVE: Readonly<Record<string, unknown>> = Object.freeze({})

export function parseQuery(text: string): Record<string, unknown> {
  if (isMoreThan(LIMITS.parameters, text)) return EXCESSIVE
  try {
    const limits = {
      parameterLimit: LIMITS.parameters,
      arrayLimit: LIMITS.parameters,
      depth: MAX_NAME_DEPTH,
      strictDepth: true
    }
    return qs.parse(text, limits) as Record<string, unknown>
  } catch (error) {
    if (error instanceof RangeError) return EXCESSIVE
    throw error
  }
}

function isMoreThan(most: number, text: string): boolean {
  let count = 1
  for (let at = text.indexOf('&'); at >= 0 && count <= most; at = text.indexOf('&', at + 1)) count += 1
  return count > most
}

const TOO_MANY = `Fields may be at most ${LIMITS.parameters}, nested in at most ${MAX_NAME_DEPTH} levels`
const TOO_DEEP = `JSON may be nested at most ${LIMITS.depth} times`

export default fp(
  async app => {
    app.addHook('preParsing', refusePacked)
    // Fastify's own parser of texts: no route takes one.
    app.removeContentTypeParser('text/plain')
    const parse = app.getDefaultJsonParser('error', 'error')
    const parseJson: typeof parse = (request, text, done) =>
      isTooDeep(text) ? done(new BadRequest(TOO_DEEP), undefined) : parse(request, text, done)
    app.addContentTypeParser('application/json', { parseAs: 'string' }, parseJson)
    app.addContentTypeParser(/^application\/[\w.-]+\+json\b/, { parseAs: 'string' }, parseJson)
    await app.register(formbody, { parser: parseQuery })
    app.addHook('preValidation', async ({ query, body }) => {
      if (query === EXCESSIVE || body === EXCESSIVE) throw new BadRequest(TOO_MANY)
    })
  },
  { name: 'bodies' }
)

/** Numbers and booleans of a web form are texts. */
export const isWebForm = (contentType: string | undefined) =>
  contentType?.startsWith('application/x-www-form-urlencoded') ?? false

/** A named field of a body, whatever the body is. */
export const fieldOf = (body: unknown, name: string): unknown =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined

/** A query parameter that holds JSON; an empty list when it is absent. Throws a 400 when it is no list or map, or nested too deep. */
export function jsonParameter(query: unknown, name: string): unknown {
  const text = (query as Record<string, unknown>)[name]
  if (text === undefined) return []
  try {
    const value: unknown = typeof text === 'string' && !isTooDeep(text) ? JSON.parse(text) : undefined
    if (typeof value === 'object' && value !== null) return value
  } catch {
    // Invalid JSON is refused below, like any other value.
  }
  throw new BadRequest(`Query parameter ${name} must be a JSON list or map`)
}
