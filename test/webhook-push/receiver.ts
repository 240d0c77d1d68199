import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** A receiver of pushed events that listens on the loopback, and answers as a test wants. */

export interface Pushed {
  headers: IncomingHttpHeaders
  text: string
  /** The event. */
  data: Record<string, unknown> & { id: string; type: string }
}

/** An answer, or what is done with the response instead. */
export type Reply =
  | number
  | { status: number; headers?: Record<string, string>; body?: string }
  | ((response: ServerResponse) => void)

export async function startReceiver(
  t: Test,
  reply: (pushed: Pushed, count: number) => Reply | Promise<Reply> = () => 204
) {
  const pushed: Pushed[] = []
  let atOnce = 0
  let mostAtOnce = 0
  const server = createServer(async (request, response) => {
    atOnce += 1
    mostAtOnce = Math.max(mostAtOnce, atOnce)
    response.once('close', () => {
      atOnce -= 1
    })
    const text = Buffer.concat(await request.toArray()).toString()
    const { data } = JSON.parse(text) as { data: Pushed['data'] }
    const one = { headers: request.headers, text, data }
    pushed.push(one)
    const answer = await reply(one, pushed.length)
    if (typeof answer === 'function') return answer(response)
    const { status, headers = {}, body = '' } = typeof answer === 'number' ? { status: answer } : answer
    response.writeHead(status, headers).end(body)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, port, pushed, mostAtOnce: () => mostAtOnce }
}
