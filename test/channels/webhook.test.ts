import { deflateRawSync, deflateSync, gzipSync } from 'node:zlib'
import t from 'tap'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { ask } from '../http/ask.ts'
import { holdOutbox } from './hold.ts'
import { BODY_LIMIT, call, hookHost, incoming, sign } from './hook.ts'

/** A gateway calls a channel's webhook. */

t.test('a challenge is answered with the channel’s own reply, and only to who knows the token', async t => {
  const { host, webhook } = await hookHost(t)
  const answer = await fetch(`${webhook}?token=a%20shared%20secret&challenge=1158201444`)
  t.equal(answer.status, 200)
  t.match(answer.headers.get('content-type'), /^text\/plain/)
  t.equal(await answer.text(), '1158201444')

  const refused = await fetch(`${webhook}?token=guess&challenge=1`)
  t.equal(refused.status, 403)
  t.same(await refused.json(), { code: 403, message: 'the token of the challenge is wrong' })
  t.same(await stored(host), [])
})

t.test('a message is told to the CRM, and the gateway gets the channel’s own reply', async t => {
  const { crm, webhook } = await hookHost(t)
  const answer = await call(webhook, [incoming('m1', '+5511', 'olá')])
  t.equal(answer.status, 201)
  t.equal(answer.headers.get('x-taken'), '1')
  t.equal(await answer.text(), 'taken')

  const told = await crm.waitFor(({ type }) => type === 'incoming')
  t.match(told, { plugin: 'hook', contact: '+5511', message: { content: { text: 'olá', format: 'text' } } })
})

t.test('a call that is not signed, or signed otherwise, is refused and nothing of it is kept', async t => {
  const { host, webhook } = await hookHost(t)
  const events = [incoming('m1', '+5511')]
  const body = JSON.stringify({ events })
  for (const signature of ['', 'guess', sign(body, 'another secret'), sign(`${body} `)]) {
    const answer = await call(webhook, events, { 'x-signature': signature })
    t.equal(answer.status, 403)
    t.same(await answer.json(), { code: 403, message: 'the signature is wrong' })
  }
  t.equal((await fetch(webhook, { method: 'POST' })).status, 403, 'nor one without a body')
  t.same(await stored(host), [])
})

t.test('a signature is over the bytes, whatever type they claim to be', async t => {
  const { host, webhook } = await hookHost(t)
  const types = [
    'application/json',
    'application/x-www-form-urlencoded',
    'text/plain',
    'application/octet-stream',
    'x/y',
    'json',
    'xml',
    'text / xml',
    'text/xml, application/xml',
    'application/',
    '/;=',
    'x'.repeat(500)
  ]
  for (const [index, type] of types.entries()) {
    const answer = await call(webhook, [incoming(`m${index}`, '+5511', '{"a": "ё" }\n')], { 'content-type': type })
    t.equal(answer.status, 201, type)
  }
  const body = Buffer.from(JSON.stringify({ events: [incoming('bare', '+5511')] }))
  const untyped = await fetch(webhook, { method: 'POST', headers: { 'x-signature': sign(body) }, body })
  t.equal(untyped.status, 201, 'or none')
  const events = Buffer.from(JSON.stringify({ events: [incoming('blank', '+5511')] }))
  const blank = { 'content-type': '', 'x-signature': sign(events) }
  t.equal((await ask(webhook, { method: 'POST', headers: blank, body: events })).status, 201, 'or an empty one')
  t.equal((await stored(host)).length, types.length + 2)
})

t.test('a packed call is unpacked, be the signature over what came or over what is in it', async t => {
  const { host, webhook } = await hookHost(t)
  const ways = [
    ['gzip', gzipSync],
    ['X-GZIP', gzipSync],
    ['deflate', deflateSync],
    ['deflate', deflateRawSync]
  ] as const
  for (const [index, [encoding, pack]] of ways.entries())
    for (const signed of ['came', 'inside']) {
      const body = Buffer.from(JSON.stringify({ events: [incoming(`${index} ${signed}`, '+5511')] }))
      const packed = pack(body)
      const headers = { 'content-encoding': encoding, 'x-signature': sign(signed === 'came' ? packed : body) }
      t.equal((await ask(webhook, { method: 'POST', headers, body: packed })).status, 201, `${encoding} ${signed}`)
    }
  const open = Buffer.from(JSON.stringify({ events: [incoming('open', '+5511')] }))
  const identity = { 'content-encoding': 'identity', 'x-signature': sign(open) }
  t.equal((await ask(webhook, { method: 'POST', headers: identity, body: open })).status, 201)
  t.equal((await stored(host)).length, 2 * ways.length + 1)
})

t.test(
  'a packed call is unpacked up to the limit, and refused where it is broken, forged or packed otherwise',
  async t => {
    const { host, webhook } = await hookHost(t)
    const post = (encoding: string, body: Buffer, signature = sign(body)) =>
      ask(webhook, { method: 'POST', headers: { 'content-encoding': encoding, 'x-signature': signature }, body })
    const bomb = gzipSync(Buffer.alloc(BODY_LIMIT + 1))
    t.match(await post('gzip', bomb), { status: 413, json: { code: 413 } })
    const bombs = await Promise.all(Array.from({ length: 20 }, () => post('gzip', bomb, 'guess')))
    t.ok(bombs.every(({ status }) => status === 413))
    t.match(await post('gzip', Buffer.from('{}')), { status: 400, json: { code: 400 } })
    t.match(await post('gzip', gzipSync('{"events":[]}').subarray(0, 20)), { status: 400, json: { code: 400 } })
    t.match(await post('br', Buffer.from('{}')), { status: 415, json: { code: 415 } })
    t.match(await post('gzip, gzip', gzipSync(gzipSync('{}'))), { status: 415, json: { code: 415 } })
    t.match(await post('gzip', gzipSync('{"events":[]}'), 'guess'), { status: 403, json: { code: 403 } })
    t.same(await stored(host), [])
    t.equal((await call(webhook, [incoming('m1', '+5511')])).status, 201, 'and the others go on')
  }
)

t.test('a call with a token that nobody has is not found, whoever signed it', async t => {
  const { host, webhook } = await hookHost(t)
  for (const url of [
    `${webhook}x`,
    webhook.slice(0, -1),
    webhook.replace(/[^/]+$/, ''),
    webhook.replace(/[^/]+$/, '%00')
  ]) {
    const answer = await call(url, [incoming('m1', '+5511')])
    t.equal(answer.status, 404, url)
  }
  t.same(await stored(host), [])
})

t.test('a call is refused until the settings are complete', async t => {
  const { crm, host, webhook } = await hookHost(t)
  const fresh = await crm.register({ key: 'fresh', selfUri: host.at('hook') })
  const { json } = await fresh.markdownPreview('webhook')
  const early = (json as { markdown: string }).markdown
  t.not(early, webhook)
  t.equal((await call(early, [incoming('m1', '+5511')])).status, 400)
  t.same(await stored(host), [])
})

t.test('a body is taken up to the channel’s limit, and not beyond', async t => {
  const { host, webhook } = await hookHost(t)
  const size = (length: number) => [incoming('m1', '+5511', 'x'.repeat(length))]
  const frame = JSON.stringify({ events: size(0) }).length

  const over = await call(webhook, size(BODY_LIMIT - frame + 1))
  t.equal(over.status, 413)
  t.match(await over.json(), { code: 413, message: /\S/ })
  t.same(await stored(host), [])

  t.equal((await call(webhook, size(BODY_LIMIT - frame))).status, 201)
  const bodies = (await stored(host)).map(({ body }) => body as { message: { content: { text: string } } })
  const told = bodies.reduce((sum, { message }) => sum + message.content.text.length, 0)
  t.equal(told, BODY_LIMIT - frame, 'all of it, in several messages')
})

t.test('a channel that cannot read a call keeps nothing, and the gateway hears that it failed', async t => {
  const { host, webhook } = await hookHost(t)
  const answer = await fetch(webhook, { method: 'POST', headers: { 'x-signature': sign('what?') }, body: 'what?' })
  t.equal(answer.status, 503)
  t.same(await answer.json(), { code: 503, message: 'Temporarily out of service, try again' })
  t.same(await stored(host), [])
})

t.test(
  'a call that is being answered when the host closes is answered, and holds it up no longer than that',
  async t => {
    const { host, webhook } = await hookHost(t)
    const outbox = await holdOutbox(t, host.database)
    const answering = call(webhook, [incoming('m1', '+5511')])
    await outbox.waiting()
    const began = performance.now()
    const closed = host.close()
    await outbox.release()
    t.equal((await answering).status, 201)
    await closed
    t.ok(performance.now() - began < 20_000, 'though the gateway would keep the connection')
  }
)

t.test('a message is stored with its conversation before the gateway is answered', async t => {
  const { host, webhook } = await hookHost(t)
  const outbox = await holdOutbox(t, host.database)
  let answered = false
  const answering = call(webhook, [incoming('m1', '+5511')]).then(answer => {
    answered = true
    return answer
  })
  await outbox.waiting()
  t.notOk(answered)

  await outbox.release()
  t.equal((await answering).status, 201)
  t.match(await stored(host), [{ kind: 'incoming' }])
  t.match(await host.database.db.select().from(conversations), [{ contact: '+5511', lastIncomingRef: 'm1' }])
})

async function stored({ database }: Awaited<ReturnType<typeof hookHost>>['host']) {
  return database.db.select().from(outbox)
}
