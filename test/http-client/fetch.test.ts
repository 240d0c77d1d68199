import { once } from 'node:events'
import { openAsBlob } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { buffer, text } from 'node:stream/consumers'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t, { type Test } from 'tap'
import { openOutbound } from '../../src/http-client/address-policy.ts'

/** The `fetch` by which a channel calls its gateway. */

setFlagsFromString('--expose-gc')
const gc = runInNewContext('gc') as () => void

type Handle = (request: IncomingMessage, response: ServerResponse) => void | Promise<void>

async function gateway(t: Test, handle: Handle) {
  const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const outbound = openOutbound(['127.0.0.0/8'])
  t.teardown(async () => {
    await outbound.close()
    server.closeAllConnections()
    server.close()
  })
  return { fetch: outbound.fetch, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/` }
}

t.test('a call reaches the gateway as it was given, and its answer comes back whole', async t => {
  const { fetch, url } = await gateway(t, async (request, response) => {
    const body = await text(request)
    response.setHeader('set-cookie', ['a=1', 'b=2'])
    response
      .writeHead(201, { 'content-type': 'application/json' })
      .end(JSON.stringify({ method: request.method, type: request.headers['content-type'], body }))
  })
  const answer = await fetch(url, { method: 'PUT', headers: { 'Content-Type': 'application/json' }, body: '{"ё":1}' })
  t.equal(answer.status, 201)
  t.ok(answer.ok)
  t.same(answer.headers.getSetCookie(), ['a=1', 'b=2'])
  t.same(await answer.json(), { method: 'PUT', type: 'application/json', body: '{"ё":1}' })

  const plain = await fetch(url, { method: 'POST', body: 'hello' })
  t.match(await plain.json(), { type: 'text/plain;charset=UTF-8', body: 'hello' })
  const form = new FormData()
  form.set('file', new Blob(['x']), 'x.txt')
  const posted = (await (await fetch(url, { method: 'POST', body: form })).json()) as { type: string }
  t.match(posted.type, /^multipart\/form-data; boundary=/)
})

t.test(
  'a form goes piece by piece, with its length, however large its file is and however slowly it is taken',
  async t => {
    const MIB = 1024 * 1024
    const path = join(t.testdir({}), 'film')
    await writeFile(path, Buffer.alloc(64 * MIB, 'x'))
    const held = () => process.memoryUsage().arrayBuffers
    let before = 0
    let most = 0
    const { fetch, url } = await gateway(t, async (request, response) => {
      let length = 0
      for await (const chunk of request) {
        length += chunk.length
        if (length % (4 * MIB) >= chunk.length) continue
        // Without it, what is garbage by now counts too: the more, the faster the machine is.
        gc()
        most = Math.max(most, held() - before)
      }
      response.end(JSON.stringify({ length, said: Number(request.headers['content-length']) }))
    })
    const form = new FormData()
    form.set('kind', 'film')
    form.set('file', await openAsBlob(path), 'ё "film".mp4')
    gc()
    before = held()
    const { length, said } = (await (await fetch(url, { method: 'POST', body: form })).json()) as Record<string, number>
    t.ok(length && length > 64 * MIB)
    t.equal(said, length)
    t.ok(most < 24 * MIB, `${most} bytes were held`)
  }
)

t.test('an answer without a body can be read, and a file of any size', async t => {
  const big = Buffer.alloc(3 * 1024 * 1024, 'x')
  const answers: Record<string, Handle> = {
    '/none': (_request, response) => void response.writeHead(204).end(),
    '/big': (_request, response) => void response.writeHead(200, { 'content-length': big.length }).end(big),
    '/unsaid': (_request, response) => {
      response.writeHead(200, { 'content-type': 'video/mp4' })
      response.write('one')
      response.end('two')
    }
  }
  const { fetch, url } = await gateway(t, (request, response) => answers[request.url ?? '']?.(request, response))
  const none = await fetch(`${url}none`)
  t.equal(none.status, 204)
  t.equal(await none.text(), '')
  t.equal((await (await fetch(`${url}big`, { media: true })).arrayBuffer()).byteLength, big.length)
  t.equal(await (await fetch(`${url}unsaid`)).text(), 'onetwo')
  t.equal((await fetch(`${url}big`, { method: 'HEAD' })).status, 200)
})

t.test('an answer that came whole can be read in every way that a Response can, once', async t => {
  const { fetch, url } = await gateway(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-www-form-urlencoded' }).end('\uFEFFa=ё&b=1')
  })
  const asked = () => fetch(url)
  t.equal(await (await asked()).text(), 'a=ё&b=1')
  t.same(Buffer.from(await (await asked()).arrayBuffer()).toString(), '\uFEFFa=ё&b=1')
  t.same(Buffer.from(await (await asked()).bytes()).toString(), '\uFEFFa=ё&b=1')
  const blob = await (await asked()).blob()
  t.same([blob.type, await blob.text()], ['application/x-www-form-urlencoded', 'a=ё&b=1'])
  t.equal((await (await asked()).formData()).get('b'), '1')
  const { body } = await asked()
  t.ok(body)
  if (body) t.same((await buffer(body)).toString(), '\uFEFFa=ё&b=1')

  const read = await asked()
  const twin = read.clone()
  t.notOk(read.bodyUsed)
  await read.text()
  t.ok(read.bodyUsed)
  await t.rejects(read.json(), TypeError)
  t.throws(() => read.clone(), TypeError)
  t.equal(await twin.text(), 'a=ё&b=1')
  const taken = await asked()
  await taken.body?.cancel()
  t.ok(taken.bodyUsed)
  await t.rejects(taken.text(), TypeError)
})

t.test('a long answer is read as fast as it is taken, may be left unread, and fails where it is cut off', async t => {
  const piece = Buffer.alloc(64 * 1024, 'x')
  let written = 0
  const { fetch, url } = await gateway(t, (request, response) => {
    response.writeHead(200, { 'content-type': 'video/mp4' })
    if (request.url === '/cut') return void response.write(piece, () => response.destroy())
    const more = () => {
      while (written < 1_000 && response.write(piece)) written += 1
    }
    response.on('drain', more)
    more()
  })
  const long = await fetch(`${url}long`, { media: true })
  const reader = long.body?.getReader()
  t.ok((await reader?.read())?.value)
  t.ok(written < 1_000, 'the gateway is held up')
  await reader?.cancel()

  const cut = await fetch(`${url}cut`, { media: true })
  await t.rejects(cut.arrayBuffer(), { name: 'SocketError' })
})

t.test('a call is given up while its answer comes, when its signal says so', async t => {
  const { fetch, url } = await gateway(t, (_request, response) => {
    response.writeHead(200, { 'content-type': 'video/mp4' })
    response.write('x')
  })
  for (const whose of ['its own', "the deadline's"]) {
    const [own, deadline] = [new AbortController(), new AbortController()]
    const { body } = await fetch(url, { signal: own.signal, media: true }, { deadline: deadline.signal })
    const reader = body?.getReader()
    await reader?.read()
    const rest = reader?.read().then(() => {})
    const giveUp = whose === 'its own' ? own : deadline
    giveUp.abort(new Error('enough'))
    await t.rejects(rest ?? Promise.resolve(), { message: 'enough' }, whose)
    await t.rejects(
      fetch(url, { signal: own.signal, media: true }, { deadline: deadline.signal }),
      { message: 'enough' },
      whose
    )
  }
})
