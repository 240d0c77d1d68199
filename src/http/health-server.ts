import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Config } from '../config.ts'
import type { Metrics } from '../metrics/metrics.ts'
import errors, { refuse } from './errors.ts'
import { metricsRoute } from './metrics-route.ts'
import { healthRoutes } from './public-routes.ts'
import type { Readiness } from './readiness.ts'

/** Servers of health, and of metrics, beside the host's own: they answer while that one does not listen yet, or no more. */

interface Deps {
  readiness: Readiness
  /** Undefined: the host has none yet. */
  metrics: () => Metrics | undefined
}

/**
 * A server at METRICS_PORT, for as long as the process runs. And the door, which stands at the host's own address while the host
 * starts and while it drains, so that a load balancer reads why, instead of a refused connection.
 */
export async function openHealthServers(
  { listen, metrics: { port }, roles }: Pick<Config, 'listen' | 'metrics' | 'roles'>,
  { readiness, metrics }: Deps
) {
  const door = createDoor(listen, readiness)
  const side = port === undefined ? undefined : await bareServer(readiness)
  if (side && port !== undefined) {
    metricsRoute(side, { metrics, token: undefined })
    await side.listen({ ...listen, port }).catch((error: Error) => {
      throw new Error(`METRICS_PORT cannot be listened to: ${error.message}`, { cause: error })
    })
  }
  if (roles.web) await door.open()
  return {
    door,
    async close(): Promise<void> {
      await door.close()
      await side?.close()
    }
  }
}

/** The process that has the address already keeps it, and any port would be another one each time. */
function createDoor(listen: Config['listen'], readiness: Readiness) {
  let opened: FastifyInstance | undefined
  return {
    async open(): Promise<void> {
      if (listen.port === 0) return
      const app = await bareServer(readiness)
      // Before a body is read, which may be of any kind.
      const refused = async (_request: FastifyRequest, reply: FastifyReply) => {
        const [problem] = await readiness.problems()
        return refuse(reply, 503, problem?.text ?? 'Temporarily out of service, try again')
      }
      app.all('/*', { onRequest: refused }, async () => {})
      try {
        await app.listen(listen)
        opened = app
      } catch {
        await app.close()
      }
    },
    async close(): Promise<void> {
      await opened?.close()
      opened = undefined
    }
  }
}

async function bareServer(readiness: Readiness): Promise<FastifyInstance> {
  const app = Fastify({ logger: false, bodyLimit: 1_024, forceCloseConnections: true })
  await app.register(errors)
  healthRoutes(app, readiness)
  return app
}
