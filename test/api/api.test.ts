import t from 'tap'
import { apiHost } from './ask.ts'

const { host, ask, token } = await apiHost(t, { env: { LV_PLUGIN_QUOTA_API: '5' } })

t.test('the OpenAPI file describes every route with its scope-free answers, and needs no token', async t => {
  const { status, json } = await ask('/openapi.json', { token: null })
  t.equal(status, 200)
  t.match(json, { openapi: '3.1.0', components: { securitySchemes: { token: { scheme: 'bearer' } } } })
  const { paths } = json
  t.ok(Object.keys(paths).length >= 8)
  for (const [path, methods] of Object.entries(paths))
    for (const [method, { responses }] of Object.entries(methods))
      t.same(
        // A refusal of its own shape stands beside those that all routes have.
        Object.keys(responses)
          .filter(status => status !== '400')
          .sort(),
        ['200', '4XX', '5XX'],
        `${method} ${path}`
      )
})

t.test('the page of the API is served by the host itself, under a strict policy', async t => {
  const page = await fetch(`${host.url}api/v1/docs`)
  t.equal(page.status, 200)
  const policy = page.headers.get('content-security-policy') ?? ''
  t.match(policy, /default-src 'none'/)
  t.notMatch(policy, /unsafe|https?:|\*/)
  const html = await page.text()
  const assets = [...html.matchAll(/(?:src|href)="([^"#]+)"/g)].map(([, address = '']) => new URL(address, page.url))
  t.ok(assets.length >= 3)
  for (const { href } of assets) {
    t.ok(href.startsWith(`${host.url}api/v1/docs/`), href)
    const asset = await fetch(href)
    t.equal(asset.status, 200, href)
    await asset.arrayBuffer()
  }
})

t.test('a token that asks too fast is told when to come again, and others are not held up', async t => {
  const [fast, slow] = [await token({ name: 'fast' }), await token({ name: 'slow' })]
  const answers = await Promise.all(Array.from({ length: 20 }, () => ask('/messages', { token: fast })))
  const refused = answers.filter(({ status }) => status === 429)
  t.ok(refused.length >= 10)
  for (const { headers, json } of refused) {
    t.ok(Number(headers.get('retry-after')) >= 1)
    t.match(json, { code: 429, message: /more than it may/ })
  }
  t.equal((await ask('/messages', { token: slow })).status, 200)
})

t.test('an address that guesses tokens is slowed down, and a token that was valid there is not', async t => {
  const good = await token({ name: 'good' })
  t.equal((await ask('/messages', { token: good })).status, 200)
  const guesses: number[] = []
  for (let guess = 0; guess < 40; guess += 1)
    guesses.push((await ask('/messages', { token: `cph_${String(guess).padStart(43, 'A')}` })).status)
  t.equal(guesses[0], 401)
  t.equal(guesses.at(-1), 429)
  t.equal((await ask('/messages', { token: good })).status, 200)
  const fresh = await token({ name: 'fresh' })
  t.equal((await ask('/messages', { token: fresh })).status, 429, 'a new one waits for a minute')
})

t.test('a path below the API that there is not answers 404 in the envelope', async t => {
  for (const path of ['/nothing', '/messages/1/nothing'])
    t.match(await ask(path), { status: 404, json: { code: 404, message: 'Not found.' } })
})
