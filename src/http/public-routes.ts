import { createReadStream } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { FastifyInstance } from 'fastify'
import type { Mounted } from '../channels/load.ts'
import { infoJson } from '../protocol/info.ts'
import type { Language } from './language.ts'

/** What anybody may read of a channel. Source: docs/protocol.md, "Info". */
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
