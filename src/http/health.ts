import type { FastifyInstance } from 'fastify'
import type { Database } from '../postgres/connect.ts'
import { refuse } from './errors.ts'

interface Deps {
  database: Pick<Database, 'pool'>
  /** Why this process works on nothing, while that is so. */
  workerProblem: () => string | undefined
}

/** For whatever watches the process: `live` while it runs, `ready` while it can take messages and works on them. */
export function healthRoutes(app: FastifyInstance, { database, workerProblem }: Deps): void {
  app.get('/health/live', async () => ({ status: 'live' }))
  app.get('/health/ready', async (_request, reply) => {
    await database.pool.query('select 1')
    const problem = workerProblem()
    return problem === undefined ? { status: 'ready' } : refuse(reply, 503, problem)
  })
}
