import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { clock } from '../measure.ts'
import { serve } from '../party.ts'
import { openWire } from './wire.ts'

/** The gateway: takes every message at once, notes its time, and calls webhooks when it is asked to. */

interface Call {
  number: number
  webhookUrl: string
}

let arrivals = new Map<number, number>()
const webhooks = new Set<string>()
let twice = 0

const server = createServer(async (request, response) => {
  const { number, webhookUrl } = JSON.parse(await text(request)) as Call
  webhooks.add(new URL(webhookUrl).pathname)
  if (arrivals.has(number)) twice += 1
  arrivals.set(number, clock())
  response.writeHead(200, { 'content-type': 'application/json' }).end(`{"ref":"g-${number}"}`)
})
server.keepAliveTimeout = 600_000

serve({
  start: () => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)),
  port: () => (server.address() as AddressInfo).port,
  count: () => arrivals.size,
  twice: () => twice,
  arrivals: () => arrivals,
  forget() {
    arrivals = new Map()
    twice = 0
    webhooks.clear()
  },

  /** Customers write, each call one message, as fast as it is answered. */
  async report({ port, connections, seconds }: { port: number; connections: number; seconds: number }) {
    const paths = [...webhooks]
    const until = clock() + seconds * 1_000
    let number = 0
    let refused = 0
    const wire = await openWire({
      port,
      connections,
      next: () =>
        clock() < until ? { number, request: incoming(paths[number % paths.length] ?? '', number++) } : undefined,
      answered: (_number, status) => {
        if (status !== 200) refused += 1
      }
    })
    wire.nudge()
    await wire.quiet()
    wire.close()
    return { count: number, refused }
  }
})

function incoming(path: string, number: number): Buffer {
  const body = JSON.stringify({ number, contact: `+5511${String(number % 2_000).padStart(9, '0')}` })
  return Buffer.from(
    `POST ${path} HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`
  )
}
