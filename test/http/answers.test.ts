import { gzipSync } from 'node:zlib'
import t from 'tap'
import { testCrm, testHost } from '../harness.ts'
import { ask, askJson, isEnvelope } from './ask.ts'
import { testChannel } from './channel.ts'

const crm = await testCrm(t)
const host = await testHost(t)
const plugin = await crm.register(host.url)

const GET = ['GET', 'HEAD']
const KNOWN: Readonly<Record<string, readonly string[]>> = {
  info: GET,
  'icon.png': GET,
  'robots.txt': GET,
  registration: ['PUT'],
  'special/send': ['POST'],
  'protected/forms/settings': GET,
  'protected/data/settings': [...GET, 'PUT'],
  'protected/autocomplete/x': GET,
  'protected/preview/table/x': GET,
  'protected/preview/markdown/x': GET,
  'protected/upload': ['POST'],
  'protected/upload/image': ['POST'],
  'form-gallery/info': GET,
  'form-gallery/iframe/index.html': GET
}
const UNKNOWN = [
  '',
  'nope',
  'a/b/c',
  'info/',
  '/info',
  'INFO',
  'process',
  'form-gallery',
  'protected',
  'protected/nope',
  'protected/upload/',
  'protected/upload/zzz',
  'protected/autocomplete',
  'protected/autocomplete/a/b',
  'special/other',
  'uploaded/1/2/nope.png',
  'uploaded',
  'webhook/x'
]
const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'TRACE']
const CORS = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*',
  'access-control-allow-methods': 'GET, POST, PUT, OPTIONS'
}

t.test('a known path answers a wrong method with 405 and tells the right ones', async t => {
  for (const [path, methods] of Object.entries(KNOWN))
    for (const method of METHODS.filter(method => !methods.includes(method))) {
      const answer = await ask(host.url + path, { method })
      t.equal(answer.status, 405, `${method} ${path}`)
      t.same(String(answer.headers.allow).split(', ').sort(), [...methods, 'OPTIONS'].sort())
      t.match(answer.headers, CORS)
      if (method !== 'HEAD') {
        t.ok(isEnvelope(answer), answer.text)
        t.match(answer.json, { message: `Method not allowed. Must be one of: ${answer.headers.allow}` })
      }
    }
})

t.test('a wrong method is told so whatever body it brings', async t => {
  for (const [type, body] of [
    ['application/json', '{'],
    ['text/xml', '<a/>'],
    ['application/json', '']
  ] as const)
    t.equal(
      (await ask(`${host.url}info`, { method: 'PUT', headers: { 'content-type': type }, body })).status,
      405,
      type
    )
})

t.test('an unknown path is 404 for every method', async t => {
  for (const path of UNKNOWN)
    for (const method of METHODS) {
      const answer = await ask(host.url + path, { method })
      t.equal(answer.status, 404, `${method} ${path}`)
      t.match(answer.headers, CORS)
      if (method !== 'HEAD') t.same(answer.json, { code: 404, message: 'Not found.' })
    }
})

t.test('OPTIONS is answered anywhere with 200 and nothing but the headers of CORS', async t => {
  const preflight = { origin: 'https://crm.example.com', 'access-control-request-method': 'PUT' }
  for (const path of [...Object.keys(KNOWN), ...UNKNOWN])
    for (const headers of [{}, preflight]) {
      const answer = await ask(host.url + path, { method: 'OPTIONS', headers })
      t.equal(answer.status, 200, path)
      t.equal(answer.text, '')
      t.match(answer.headers, CORS)
    }
})

t.test('HEAD is answered as GET is, without the body', async t => {
  for (const path of ['info', 'icon.png', 'robots.txt']) {
    const [get, head] = await Promise.all([ask(host.url + path), ask(host.url + path, { method: 'HEAD' })])
    t.equal(head.status, 200, path)
    t.equal(head.text, '')
    t.equal(head.headers['content-type'], get.headers['content-type'])
  }
  t.equal((await ask(`${host.url}protected/data/settings`, { method: 'HEAD' })).status, 401)
  t.equal((await plugin.ask({ method: 'HEAD', path: 'protected/data/settings' })).status, 200)
})

t.test('every answer may be read by a page of any origin', async t => {
  const upload = { method: 'POST', headers: { 'x-plugin-token': await plugin.token() } }
  const answers = {
    200: await ask(`${host.url}info`, { headers: { origin: 'https://crm.example.com' } }),
    202: await plugin.special({ chat: { contact: '1' }, message: { content: { text: 'x', format: 'text' } } }),
    400: await ask(`${host.url}protected/upload`, upload),
    401: await ask(`${host.url}protected/data/settings`),
    403: await askJson(`${host.url}special/send`, 'POST', { request: 'a.b.c' }),
    404: await ask(`${host.url}nope`),
    405: await plugin.special({}),
    415: await ask(`${host.url}registration`, { method: 'PUT', headers: { 'content-type': 'text/xml' }, body: '<a/>' })
  }
  for (const [status, answer] of Object.entries(answers)) {
    t.equal(answer.status, Number(status))
    t.match(answer.headers, CORS, status)
  }
})

t.test('a body that cannot be read is refused in the shape that the CRM reads', async t => {
  const bodies: [string, string, number][] = [
    ['application/json', '{"request":', 400],
    ['application/json', '', 400],
    ['application/json', '{"__proto__":{"a":1}}', 400],
    ['application/vnd.api+json', '{"request":', 400],
    ['application/vnd.api+json', '{"__proto__":{"a":1}}', 400],
    ['text/xml', '<a/>', 415],
    ['application/jsonx', '{}', 415],
    ['garbage', '{}', 415],
    ['text/plain', '{}', 415],
    ['text/plain;charset=UTF-8', '', 415],
    ['multipart/form-data; boundary=x', '--x--', 415],
    ['application/json', JSON.stringify('x'.repeat(4 * 1024 * 1024)), 413]
  ]
  for (const [type, body, status] of bodies)
    for (const [method, path] of [
      ['POST', 'special/send'],
      ['PUT', 'registration']
    ] as const) {
      const answer = await ask(host.url + path, { method, headers: { 'content-type': type }, body })
      t.equal(answer.status, status, `${type} ${body.slice(0, 20)}`)
      t.ok(isEnvelope(answer), answer.text)
    }
})

t.test('a packed body is refused on every route that takes one', async t => {
  const token = { 'x-plugin-token': await plugin.token() }
  const form = 'application/x-www-form-urlencoded'
  for (const encoding of ['gzip', 'deflate', 'br', 'GZIP', 'gzip, gzip', 'nonsense'])
    for (const [method, path, type] of [
      ['POST', 'special/send', 'application/json'],
      ['POST', 'special/send', form],
      ['PUT', 'registration', 'application/json'],
      ['PUT', 'protected/data/settings', 'application/json'],
      ['POST', 'protected/upload', 'multipart/form-data; boundary=x']
    ] as const) {
      const headers = { ...token, 'content-type': type, 'content-encoding': encoding }
      const answer = await ask(host.url + path, { method, headers, body: gzipSync('{}') })
      t.equal(answer.status, 415, `${encoding} ${path} ${type}`)
      t.ok(isEnvelope(answer), answer.text)
      t.match(answer.text, /packed/)
    }
  const plain = { ...token, 'content-type': 'application/json', 'content-encoding': 'identity' }
  const body = JSON.stringify({ request: 'a.b.c' })
  t.equal((await ask(`${host.url}special/send`, { method: 'POST', headers: plain, body })).status, 403, 'not packed')
})

t.test('a path that cannot be read is refused in the shape that the CRM reads, to any origin', async t => {
  for (const path of ['%zz', 'uploaded/%ff', `protected/autocomplete/${'x'.repeat(1_000)}`]) {
    const answer = await ask(host.url + path)
    t.ok([400, 404, 414].includes(answer.status), `${answer.status}`)
    t.ok(isEnvelope(answer), answer.text.slice(0, 100))
    t.match(answer.headers, CORS)
  }
})

t.test('a token comes as JSON of any JSON type or as a web form, on every route', async t => {
  const body = { chat: { contact: '1' }, message: { content: { text: 'x', format: 'text' } } }
  const request = await crm.sign(plugin, { body })
  const registration = await crm.sign(plugin, { HPT: 'secret', country: 'RU', currency: 'RUB' })
  const json = ['application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/vnd.crm+json']
  for (const type of [...json, 'application/vnd.api+json; charset=utf-8']) {
    const headers = { 'content-type': type }
    const extra = { __task: { attempt: 1 } }
    t.equal((await askJson(`${host.url}special/send`, 'POST', { request, ...extra }, headers)).status, 202, type)
    t.equal((await askJson(`${host.url}registration`, 'PUT', { registration, ...extra }, headers)).status, 200, type)
  }
  for (const type of ['application/x-www-form-urlencoded', 'application/x-www-form-urlencoded; charset=UTF-8']) {
    const form = (field: object) => ({
      headers: { 'content-type': type },
      body: new URLSearchParams({ ...field, extra: '1' }).toString()
    })
    t.equal((await ask(`${host.url}special/send`, { method: 'POST', ...form({ request }) })).status, 202)
    t.equal((await ask(`${host.url}registration`, { method: 'PUT', ...form({ registration }) })).status, 200)
  }
})

t.test('a fault of a channel is a 500 that tells nothing of it', async t => {
  const channel = testChannel({
    autocompletes: {
      broken: async () => {
        throw new Error('the password is swordfish')
      }
    }
  })
  const own = await testHost(t, { channels: [{ channel, path: '/' }] })
  const plugin = await crm.register(own.url)
  const answer = await plugin.autocomplete('broken')
  t.same(answer.json, { code: 500, message: 'Internal plugin error' })
  t.equal(answer.status, 500)
  t.match(answer.headers, CORS)
})
