import type { FastifyInstance } from 'fastify'
import type { Database } from '../database/connect.ts'

/** For whatever watches the process: `live` while it runs, `ready` while it can take messages. */
export function healthRoutes(app: FastifyInstance, { database }: { database: Pick<Database, 'pool'> }): void {
  app.get('/health/live', async () => ({ status: 'live' }))
  app.get('/health/ready', async () => {
    await database.pool.query('select 1')
    return { status: 'ready' }
  })
}
