import formbody from '@fastify/formbody'
import fp from 'fastify-plugin'
import qs from 'qs'
import { isTooDeep } from '../protocol/depth.ts'
import { LIMITS } from '../protocol/limits.ts'
import { BadRequest } from './errors.ts'
import { refusePacked } from './packed-bodies.ts'

/** Bodies as the CRM may write them: JSON under any JSON type, and web forms with nested names. Source: docs/protocol.md, "Bodies". */

/** A text of the CRM's chat may be long; a message with everything fits. */
export const BODY_LIMIT = LIMITS.body

/** Levels of names, below the first. */
const DEPTH = 3

/** In place of fields that are too many, or nested too deep. Whoever calls the parsers does not expect them to throw. */
const EXCESSIVE: Readonly<Record<string, unknown>> = Object.freeze({})

export function parseQuery(text: string): Record<string, unknown> {
  if (isMoreThan(LIMITS.parameters, text)) return EXCESSIVE
  try {
    const limits = { parameterLimit: LIMITS.parameters, arrayLimit: LIMITS.parameters, depth: DEPTH, strictDepth: true }
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

const TOO_MANY = `Fields may be at most ${LIMITS.parameters}, nested in at most ${DEPTH} levels`
const TOO_DEEP = `JSON may be nested at most ${LIMITS.depth} times`

export default fp(
  async app => {
    app.addHook('preParsing', refusePacked)
    // The library's own: a text is nothing that anybody here waits for.
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
