import type { GatewayEvent } from 'channel-kit/event'
import Fastify from 'fastify'
import type { Test } from 'tap'
import channel from '../src/channel.ts'
import type { WhatsAppTools } from '../src/settings.ts'

/** The webhook as a host has it, without the host. `refuse` makes it answer 500 that often. */
export async function startWebhook(t: Test, tools: () => WhatsAppTools) {
  const events: GatewayEvent[] = []
  const answers: number[] = []
  const troubles = { left: 0 }
  const app = Fastify({ forceCloseConnections: true, bodyLimit: channel.webhook?.bodyLimit ?? 0 })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.route({
    method: ['GET', 'POST'],
    url: '/webhook',
    async handler({ method, query, headers, body }, reply) {
      const request = {
        method: method as 'GET' | 'POST',
        query: query as object,
        headers,
        body: (body as Buffer) ?? Buffer.alloc(0)
      }
      const verdict = await channel.webhook?.verify(request as never, tools())
      if (verdict?.kind === 'answer')
        return reply
          .code(verdict.reply.status)
          .headers(verdict.reply.headers ?? {})
          .send(verdict.reply.body)
      if (verdict?.kind === 'refused') return reply.code(403).send(note(403))
      if (troubles.left-- > 0) return reply.code(500).send(note(500))
      const received = await channel.webhook?.receive(request as never, tools())
      events.push(...(received?.events ?? []))
      return reply.code(note(received?.reply.status ?? 0)).send()
    }
  })
  const base = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const note = (status: number) => {
    answers.push(status)
    return status
  }
  return { url: `${base}/webhook`, events, answers, troubles, close: () => app.close() }
}
