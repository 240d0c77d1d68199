import { createReadStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import type { Language } from '../channels/language.ts'
import type { Mounted } from '../channels/load.ts'
import type { Database } from '../postgres/connect.ts'
import { infoJson } from '../protocol/info.ts'
import { refuse } from './errors.ts'

/** Routes of a channel without a token. Source: docs/protocol.md, "Info". */
export function publicRoutes(
  app: FastifyInstance,
  { mounted, language }: { mounted: Mounted; language: Language }
): void {
  const { channel, options } = mounted

  app.get('/info', async request => {
    const { current, word } = language(request.headers['accept-language'])
    return infoJson(
      channel.info,
      channel.capabilities(options),
      { current, default: language.default, available: language.available },
      message => word('info', message)
    )
  })

  app.get('/icon.png', (_request, reply) => reply.type('image/png').send(createReadStream(fileURLToPath(channel.icon))))

  app.get('/robots.txt', (_request, reply) => reply.type('text/plain').send('User-agent: *\nDisallow: /'))
}

interface Deps {
  database: Pick<Database, 'pool'>
  /** The reason why this process does not work on the queue; undefined while it does. */
  workerProblem: () => string | undefined
}

/** Health checks: `live` while the process runs, `ready` while it can take messages and works on them. */
export function healthRoutes(app: FastifyInstance, { database, workerProblem }: Deps): void {
  app.get('/health/live', async () => ({ status: 'live' }))
  app.get('/health/ready', async (_request, reply) => {
    await database.pool.query('select 1')
    const problem = workerProblem()
    return problem === undefined ? { status: 'ready' } : refuse(reply, 503, problem)
  })
}
