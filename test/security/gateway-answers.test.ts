import { once } from 'node:events'
import { createServer, type RequestListener, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib'
import { neverSent } from 'channel-kit/network'
import t, { type Test } from 'tap'
import { openOutbound } from '../../src/http-client/address-policy.ts'
import { openBudgets } from '../../src/http-client/budget.ts'
import { until } from '../harness.ts'

/** Answers that a tenant's own gateway may give, and what they cost everybody. */

const MIB = 1024 * 1024

t.test('no packing is asked for, whatever a channel or an admin writes', async t => {
  const asked: (string | undefined)[] = []
  const { fetch, url } = await gateway(t, (request, response) => {
    asked.push(request.headers['accept-encoding']?.toString())
    response.end('{}')
  })
  await fetch(url)
  await fetch(url, { headers: { 'Accept-Encoding': 'br' } })
  await fetch(url, { headers: new Headers({ 'accept-encoding': 'gzip' }) })
  await fetch(url, { media: true })
  t.same(asked, ['identity', 'identity', 'identity', 'identity'])
})

t.test(
  'a packed answer is refused before a byte of it is unpacked, and the gateway may have what was sent',
  async t => {
    const bomb = Buffer.alloc(16 * MIB)
    const packed: Record<string, Buffer> = {
      br: brotliCompressSync(bomb),
      gzip: gzipSync(bomb),
      deflate: deflateSync(bomb),
      'gzip, br': gzipSync('{}'),
      zstd: Buffer.from('x')
    }
    const { fetch, url } = await gateway(t, ({ url: path = '' }, response) => {
      const encoding = decodeURIComponent(path.slice(1))
      response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': encoding })
      response.end(packed[encoding])
    })
    for (const media of [false, true])
      for (const encoding of Object.keys(packed)) {
        const error = await failure(
          fetch(`${url}${encodeURIComponent(encoding)}`, { method: 'POST', body: 'x', media })
        )
        t.match(error, { cause: { code: 'OUTBOUND_ANSWER_REFUSED', message: new RegExp(`packed \\(${encoding}\\)`) } })
        t.notOk(neverSent(error), 'the request has arrived')
      }
  }
)

t.test('an answer that says it is not packed is taken', async t => {
  const { fetch, url } = await gateway(t, (_request, response) =>
    response.writeHead(200, { 'content-encoding': 'identity' }).end('{"a":1}')
  )
  t.same(await (await fetch(url)).json(), { a: 1 })
})

t.test('an answer is read whole up to 1 MiB, whatever it says of its length and type', async t => {
  const { fetch, url } = await gateway(t, ({ url: path = '' }, response) => {
    const [, bytes = '', type = '', said] = path.split('/')
    response.setHeader('content-type', type.replace('-', '/'))
    if (said) response.setHeader('content-length', bytes)
    else response.write('')
    response.end(Buffer.alloc(Number(bytes), 'x'))
  })
  for (const type of ['application-json', 'text-plain', 'video-mp4'])
    for (const said of ['', '/said']) {
      const whole = await fetch(`${url}${MIB}/${type}${said}`)
      t.equal((await whole.text()).length, MIB, `${type}${said}`)
      const error = await failure(fetch(`${url}${MIB + 1}/${type}${said}`))
      t.match(error, { cause: { code: 'OUTBOUND_ANSWER_REFUSED', message: /longer than 1048576 bytes/ } })
    }
})

t.test('a file is handed on as it is taken, however long it is', async t => {
  const piece = Buffer.alloc(64 * 1024)
  let written = 0
  const { fetch, url } = await gateway(t, (_request, response) => {
    const more = () => {
      while (written < 2_000 && response.write(piece)) written += 1
    }
    response.on('drain', more)
    more()
  })
  const { body } = await fetch(url, { media: true })
  const reader = body?.getReader()
  for (let read = 0; read < 32 * MIB; ) read += (await reader?.read())?.value?.length ?? 0
  t.ok(written < 2_000, 'the gateway is held up at what was not taken')
  await reader?.cancel()
})

t.test('what an account has half-read is bounded, and all of its calls end', async t => {
  const budgetOf = openBudgets(3 * MIB)
  const open = new Set<ServerResponse>()
  const { fetch, url } = await gateway(t, ({ method }, response) => {
    if (method === 'HEAD') return response.end()
    response.writeHead(200, { 'content-type': 'application/json' })
    response.write(Buffer.alloc(MIB - 1, 'x'))
    open.add(response)
  })
  const ends: string[] = []
  const calls = Array.from({ length: 12 }, () =>
    fetch(url, {}, { budget: budgetOf(1) })
      .then(answer => answer.text())
      .then(
        text => ends.push(`${text.length}`),
        error => ends.push(error.cause.code)
      )
  )
  await until('those without room to be given up', async () => ends.length >= 9)
  t.same(new Set(ends), new Set(['OUTBOUND_ANSWER_REFUSED']))

  t.equal((await fetch(url, { method: 'HEAD' }, { budget: budgetOf(2) })).status, 200, 'another account is not')
  for (const response of open) response.end('x')
  await Promise.all(calls)
  t.ok(ends.includes(`${MIB}`), 'the oldest of them goes on to its end')
})

t.test('beyond its budget only the oldest answer goes on, and there is room again when one has ended', async t => {
  const budget = openBudgets(10)(1)
  const given: string[] = []
  const join = (name: string) => budget.join(() => void given.push(name))
  const [first, second, third] = [join('first'), join('second'), join('third')]
  first.take(8)
  second.take(8)
  third.take(1)
  first.take(8)
  t.same(given, ['second'])
  first.leave()
  const fourth = join('fourth')
  fourth.take(8)
  join('fifth').take(2)
  t.same(given, ['second', 'fifth'])
  second.leave()
  second.take(100)
  t.same(given, ['second', 'fifth'], 'what was given up counts no more')
})

t.test('sixteen bombs at once hold up nobody', async t => {
  const bomb = brotliCompressSync(Buffer.alloc(64 * MIB))
  const { fetch, url } = await gateway(t, (_request, response) =>
    response.writeHead(200, { 'content-type': 'application/json', 'content-encoding': 'br' }).end(bomb)
  )
  const before = process.cpuUsage()
  const ended = await Promise.allSettled(Array.from({ length: 16 }, async () => (await fetch(url)).text()))
  const { user, system } = process.cpuUsage(before)
  t.equal(ended.filter(({ status }) => status === 'rejected').length, 16)
  t.ok(user + system < 1_500_000, `${(user + system) / 1_000} ms of the processor`)
})

async function gateway(t: Test, handle: RequestListener) {
  const server = createServer(handle).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { fetch, close } = openOutbound(['127.0.0.0/8'])
  t.teardown(async () => {
    await close()
    server.closeAllConnections()
    server.close()
  })
  return { fetch, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

async function failure(call: Promise<{ text: () => Promise<string> }>): Promise<unknown> {
  const outcome = await call
    .then(answer => answer.text())
    .then(
      () => undefined,
      (error: unknown) => ({ error })
    )
  if (!outcome) throw new Error('the call did not fail')
  return outcome.error
}
