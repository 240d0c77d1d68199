import type { FastifyInstance, HTTPMethods } from 'fastify'
import { Unacceptable } from './errors.ts'

const ALL: readonly HTTPMethods[] = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE']

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
      method: ALL.filter(method => !methods.has(method)),
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
