import { createReadStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import type { Language } from '../channels/language.ts'
import type { Mounted } from '../channels/load.ts'
import { infoJson } from '../protocol/info.ts'
import { refuse } from './errors.ts'
import type { Readiness } from './readiness.ts'

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

/** Health checks: `live` while the process runs, `ready` while it can take messages and works on them. */
export function healthRoutes(app: FastifyInstance, { problems }: Pick<Readiness, 'problems'>): void {
  app.get('/health/live', async () => ({ status: 'live' }))
  app.get('/health/ready', async (_request, reply) => {
    const found = await problems()
    if (found.length === 0) return { status: 'ready' }
    const message = found.map(({ text }) => text).join('. ')
    return refuse(reply, 503, message, { problems: found.map(({ name }) => name) })
  })
}
