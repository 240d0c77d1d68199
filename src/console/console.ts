import type { FastifyInstance } from 'fastify'
import { IMPORT_MAP_SOURCE, pageFiles } from 'page-kit/page-files'

/** The operator's pages. They hold nothing secret: what they show, the browser asks of the API. */

/** Everything is the host's own, nothing is inline, and no other site may frame it. */
const POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "connect-src 'self'",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "media-src 'self'",
  `script-src 'self' ${IMPORT_MAP_SOURCE}`,
  "style-src 'self'"
].join('; ')

/** `texts`: the catalogue of the pages in a language, by source text; undefined: there is none. */
export const consolePages =
  ({ texts }: { texts: (language: string) => Readonly<Record<string, string>> | undefined }) =>
  async (app: FastifyInstance): Promise<void> => {
    await app.register(pageFiles({ folder: new URL('./page/', import.meta.url), policy: () => POLICY }))
    app.get<{ Params: { language: string } }>('/texts/:language', async ({ params: { language } }, reply) => {
      const found = texts(language)
      return found ? reply.header('cache-control', 'no-cache').send(found) : reply.callNotFound()
    })
  }
