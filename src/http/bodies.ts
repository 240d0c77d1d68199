import formbody from '@fastify/formbody'
import fp from 'fastify-plugin'
import qs from 'qs'

/** Bodies as the CRM may write them: JSON under any JSON type, and web forms with nested names. Source: docs/protocol.md, "Bodies". */

/** A text of the CRM's chat may be long; a message with everything fits. */
export const BODY_LIMIT = 4 * 1024 * 1024

export const parseQuery = (text: string) =>
  qs.parse(text, { depth: 3, parameterLimit: 500, arrayLimit: 500 }) as Record<string, unknown>

export default fp(
  async app => {
    const parseJson = app.getDefaultJsonParser('error', 'error')
    app.addContentTypeParser(/^application\/[\w.-]+\+json\b/, { parseAs: 'string' }, parseJson)
    await app.register(formbody, { parser: parseQuery })
  },
  { name: 'bodies' }
)

/** Numbers and booleans of a web form are texts. */
export const isWebForm = (contentType: string | undefined) =>
  contentType?.startsWith('application/x-www-form-urlencoded') ?? false

/** A named field of a body, whatever the body is. */
export const fieldOf = (body: unknown, name: string): unknown =>
  typeof body === 'object' && body !== null ? (body as Record<string, unknown>)[name] : undefined
