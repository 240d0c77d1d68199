import { createHash, generateKeyPairSync } from 'node:crypto'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { clock } from '../measure.ts'
import { serve } from '../party.ts'

/** The CRM: has a key that tokens are signed with, takes every status and message, and notes the times of statuses. */

const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
const pem = publicKey.export({ type: 'spki', format: 'pem' }) as string
const pkey = createHash('md5').update(pem).digest('hex')

let statuses = new Map<number, number>()
let incoming = 0

interface Claims {
  body: { id?: string }
}

const server = createServer(async (request, response) => {
  if (request.method === 'GET') {
    response.end(request.url === '/count' ? String(statuses.size) : pem)
    return
  }
  const { request: token } = JSON.parse(await text(request)) as { request: string }
  const isStatus = request.method === 'PATCH'
  if (isStatus) {
    const { body } = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString()) as Claims
    statuses.set(Number(body.id?.slice(2)), clock())
  } else incoming += 1
  response.writeHead(isStatus ? 200 : 201, { 'content-length': 0 }).end()
})
server.keepAliveTimeout = 600_000

serve({
  start: () => new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve)),
  place: () => ({
    crmUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    pkey,
    privateKey: privateKey.export({ type: 'pkcs8', format: 'pem' })
  }),
  count: () => statuses.size,
  incoming: () => incoming,
  statuses: () => statuses,
  forget() {
    statuses = new Map()
    incoming = 0
  }
})
