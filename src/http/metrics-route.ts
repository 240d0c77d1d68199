import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance } from 'fastify'
import type { Metrics } from '../metrics/metrics.ts'
import { WrongToken } from './errors.ts'

interface Deps {
  /** Undefined while the host starts. */
  metrics: () => Metrics | undefined
  /** Undefined: the server is reached by nobody else. */
  token: string | undefined
}

/** The metrics for Prometheus. Digests are compared, so that the time that it takes tells nothing about the token. */
export function metricsRoute(app: FastifyInstance, { metrics, token }: Deps): void {
  const expected = token === undefined ? undefined : digest(token)

  app.get('/metrics', async ({ headers: { authorization } }, reply) => {
    if (expected) {
      const [, given = ''] = /^bearer ([\x21-\x7e]{1,512})$/i.exec(authorization ?? '') ?? []
      if (!timingSafeEqual(digest(given), expected)) {
        reply.header('www-authenticate', 'Bearer')
        throw new WrongToken()
      }
    }
    const known = metrics()
    if (!known) return reply.code(503).send({ code: 503, message: 'The host starts' })
    return reply.type(known.contentType).send(await known.scrape())
  })
}

const digest = (text: string) => createHash('sha256').update(text).digest()
