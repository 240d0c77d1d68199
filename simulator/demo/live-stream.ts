import type { FastifyReply } from 'fastify'
import type { Feed } from '../crm/feed.ts'
import type { CrmEvent } from '../crm/model.ts'
import { summarise } from './summarise.ts'

const HEARTBEAT_MS = 15_000

/** Streams what happens to one open page, as server-sent events, until it goes away. */
export function liveStream(feed: Feed, reply: FastifyReply): void {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
  raw.write('retry: 1000\n\n')

  const unsubscribe = feed.subscribe(event => raw.write(`data: ${JSON.stringify(shown(event))}\n\n`))
  const heartbeat = setInterval(() => raw.write(': still here\n\n'), HEARTBEAT_MS)
  raw.once('close', () => {
    unsubscribe()
    clearInterval(heartbeat)
  })
}

/** Bodies and headers are fetched when someone opens the exchange. */
const shown = (event: CrmEvent) =>
  event.type === 'exchange' ? { type: event.type, exchange: summarise(event.exchange) } : event
