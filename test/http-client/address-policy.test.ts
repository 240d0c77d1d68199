import { once } from 'node:events'
import { createServer as createHttp, type RequestListener } from 'node:http'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { neverSent } from 'channel-kit/network'
import { freePort } from 'simulator/free-port'
import t, { type Test } from 'tap'
import { openOutbound } from '../../src/http-client/address-policy.ts'

/** The only way out, tried against servers that really listen. */

/** Every kind of address that is not the public internet, as a URL may write it. */
const PRIVATE = [
  '127.0.0.1',
  '127.8.8.8',
  '2130706433',
  '0x7f.1',
  '0.0.0.0',
  '10.1.2.3',
  '100.64.0.1',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.168.1.1',
  '198.18.0.1',
  '224.0.0.1',
  '255.255.255.255',
  '[::]',
  '[::1]',
  '[::ffff:127.0.0.1]',
  '[::ffff:a9fe:a9fe]',
  '[64:ff9b::7f00:1]',
  '[2002:7f00:1::]',
  '[fc00::1]',
  '[fd12:3456::1]',
  '[fe80::1]',
  '[ff02::1]'
]

t.test('no private address is called, however it is written', async t => {
  const outbound = open(t, [])
  for (const host of [...PRIVATE, 'localhost', 'LOCALHOST']) {
    const error = await failure(outbound.fetch(`http://${host}:8080/`))
    t.match(error, { cause: { message: /is in a private network, which OUTBOUND_ALLOW does not list$/ } }, host)
    t.ok(neverSent(error), 'and it is known that nothing was sent')
  }
})

t.test('what the CRM is told goes by the same policy', async t => {
  const outbound = open(t, [])
  const error = await failure(outbound.call({ url: 'http://127.0.0.1:8080/', method: 'PUT', headers: {} }, 0))
  t.match(error, { message: '127.0.0.1 is in a private network, which OUTBOUND_ALLOW does not list' })
})

t.test('a network that is allowed is called, by its address and by a name, and no other', async t => {
  const url = await listen(t, (_request, response) => response.end('here'))
  const { port } = new URL(url)
  for (const allow of ['127.0.0.0/8', '127.0.0.1', '127.0.0.1/32', '::ffff:127.0.0.0/104']) {
    const outbound = open(t, ['10.0.0.0/8', allow])
    t.equal(await (await outbound.fetch(url)).text(), 'here', allow)
  }

  const outbound = open(t, ['127.0.0.0/8'])
  for (const host of ['localhost', '[::ffff:127.0.0.1]'])
    t.equal(await (await outbound.fetch(`http://${host}:${port}/`)).text(), 'here', host)
  t.match(await failure(outbound.fetch('http://10.0.0.1:8080/')), { cause: { message: /10\.0\.0\.1 is in a private/ } })
  t.match(await failure(outbound.fetch('http://[::1]:8080/')), { cause: { message: /::1 is in a private/ } })
})

t.test('a network that cannot be read is refused by name', async t => {
  for (const cidr of ['intranet', '10.0.0.0/33', '10.0.0.0/x', '10.0.0.0/', '::1/129'])
    t.throws(() => openOutbound([cidr]), { message: new RegExp(`OUTBOUND_ALLOW.*${cidr}`) }, cidr)
})

t.test('no redirect is followed, since it would carry credentials along', async t => {
  const visited: string[] = []
  const url = await listen(t, ({ url: path = '' }, response) => {
    visited.push(path)
    response.writeHead(307, { location: '/elsewhere' }).end()
  })
  const outbound = open(t, ['127.0.0.0/8'])

  const answer = await outbound.fetch(`${url}here`, { method: 'POST', body: 'secret' })
  t.equal(answer.status, 307)
  const { status } = await outbound.call({ url: `${url}here`, method: 'PUT', headers: {}, body: 'secret' }, 0)
  t.equal(status, 307)
  t.same(visited, ['/here', '/here'])
})

t.test('a call is given up when its signal says so', async t => {
  const url = await listen(t, () => {})
  const outbound = open(t, ['127.0.0.0/8'])
  await t.rejects(outbound.fetch(url, { signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' })
})

t.test('an answer that is longer than was asked for is not waited for', async t => {
  const url = await listen(t, (_request, response) => {
    response.writeHead(200)
    response.write('x'.repeat(20))
  })
  const outbound = open(t, ['127.0.0.0/8'])
  t.match(await outbound.call({ url, method: 'GET', headers: {} }, 10), { status: 200, body: null })
})

t.test('what surely never left is told from what may have arrived', async t => {
  const outbound = open(t, ['127.0.0.0/8', '::1'])
  const deaf = await listenRaw(t, () => {})

  const cases: readonly [string, boolean, Promise<string> | string][] = [
    ['nobody listens', true, `http://127.0.0.1:${await freePort()}/`],
    ['nobody listens at any address of a name', true, `http://localhost:${await freePort()}/`],
    ['no such name', true, 'http://nobody.invalid/'],
    ['no connection within its time', true, deaf.replace('http:', 'https:')],
    [
      'no agreement on encryption',
      true,
      listenRaw(t, socket => socket.end('HTTP/1.0 400 Bad Request\r\n\r\n')).then(url => url.replace('http:', 'https:'))
    ],
    [
      'reset when the request has come',
      false,
      listenRaw(t, socket => socket.once('data', () => socket.resetAndDestroy()))
    ],
    ['closed without an answer', false, listenRaw(t, socket => socket.once('data', () => socket.end()))],
    ['nonsense for an answer', false, listenRaw(t, socket => socket.once('data', () => socket.end('what?\r\n\r\n')))],
    [
      'half an answer',
      false,
      listenRaw(t, socket => socket.once('data', () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf')))
    ]
  ]
  for (const [what, unsent, url] of cases) {
    const call = outbound.fetch(await url, { method: 'POST', body: 'hello' })
    t.equal(neverSent(await failure(call.then(answer => answer.text()))), unsent, what)
  }

  const given = outbound.fetch(deaf, { method: 'POST', body: 'hello', signal: AbortSignal.timeout(50) })
  t.equal(neverSent(await failure(given)), false, 'given up while waiting for the answer')
  for (const other of [undefined, null, 'ECONNREFUSED', { code: 'ECONNREFUSED' }, new Error('ECONNREFUSED')])
    t.equal(neverSent(other), false, String(other))
})

function open(t: Test, allow: readonly string[]) {
  const outbound = openOutbound(allow)
  t.teardown(outbound.close)
  return outbound
}

async function failure(call: Promise<unknown>): Promise<unknown> {
  const outcome = await call.then(
    () => undefined,
    error => ({ error })
  )
  if (!outcome) throw new Error('the call did not fail')
  return outcome.error
}

async function listen(t: Test, answer: RequestListener): Promise<string> {
  const server = createHttp(answer).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function listenRaw(t: Test, meet: (socket: Socket) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket.on('error', () => {}))
    meet(socket)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}
