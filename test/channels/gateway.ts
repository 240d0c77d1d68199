import { once } from 'node:events'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Test } from 'tap'

/** A gateway played by a test: it keeps what it was asked, and answers as it is told. */

export interface Asked {
  path: string
  body: Record<string, unknown>
}

export type Answering = (asked: Asked) => unknown | Promise<unknown>

/** Throw this, or anything, to answer with a failure. */
export const FAILURE = new Error('the gateway fails on purpose')

export async function testGateway(t: Test, answering: Answering = () => ({})) {
  const asked: Asked[] = []
  let answer = answering
  const server = createServer(async (request, response) => {
    const call = { path: request.url ?? '', body: await jsonOf(request) }
    asked.push(call)
    try {
      response.end(JSON.stringify(await answer(call)))
    } catch {
      response.writeHead(500).end()
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    asked: asked as readonly Asked[],
    /** From now on. */
    answerWith: (next: Answering) => {
      answer = next
    }
  }
}

async function jsonOf(request: IncomingMessage): Promise<Asked['body']> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return JSON.parse(Buffer.concat(chunks).toString() || '{}')
}
