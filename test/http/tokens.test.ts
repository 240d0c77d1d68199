import t from 'tap'
import { testCrm, testHost } from '../harness.ts'
import { ask, askJson, isEnvelope } from './ask.ts'
import { hmac, jws, keyOf, makeKey, rsa, type Signer, unsigned } from './cluster.ts'

const HPT = 'the shared secret'
const crm = await testCrm(t)
const clock = { now: new Date() }
const host = await testHost(t, { now: () => clock.now })
const plugin = await crm.register(host.url, { hpt: HPT })
const key = keyOf(crm)

const HEADER = { typ: 'JWT', alg: 'RS512', pkey: key.pkey }
const CLAIMS = {
  iss: crm.url,
  aud: host.url,
  ...plugin.reference,
  settings: true,
  body: { chat: { contact: '1' }, message: { content: { text: 'x', format: 'text' } } },
  HPT,
  country: 'RU',
  currency: 'RUB'
}
const seconds = (from: number) => Math.floor(clock.now.getTime() / 1000) + from

/** A token that is good for every route until it is changed. */
const token = (claims: object = {}, header: object = {}, signer: Signer = rsa(key)) =>
  jws({ ...HEADER, ...header }, { ...CLAIMS, ...claims }, signer)

/** The same token by each of its three ways. */
const carried = (token: string, at = host.url) =>
  Promise.all([
    ask(`${at}protected/forms/settings`, { headers: { 'x-plugin-token': token } }),
    askJson(`${at}special/send`, 'POST', { request: token }),
    askJson(`${at}registration`, 'PUT', { registration: token })
  ])

t.test('a good token is believed wherever it comes', async t => {
  const good = [
    {},
    { jti: 'any' },
    { exp: seconds(600) },
    { exp: String(seconds(600)) },
    { nbf: seconds(-600), iat: seconds(-600) },
    { iss: crm.url.slice(0, -1) },
    { iss: `${crm.url}path?query#hash` },
    { cid: 1 }
  ]
  for (const claims of good) {
    const statuses = (await carried(token(claims))).map(({ status }) => status)
    t.same(statuses, [200, 202, 200], JSON.stringify(claims))
  }
  t.same(
    (await carried(token({}, { typ: undefined }))).map(({ status }) => status),
    [200, 202, 200]
  )
})

const port = new URL(crm.url).port
const notOurs = "Issuer hostname is not in '{127.0.0.1}'"
const unverified = 'Input token sign was not verified'
const missing = 'Requested claim is not configured'
const good = token()
const [head = '', claims = '', signature = ''] = good.split('.')
const tampered = Buffer.from(JSON.stringify({ ...CLAIMS, cid: '2' })).toString('base64url')

const REFUSED: readonly (readonly [string, string, string | RegExp])[] = [
  ['garbage', 'garbage', 'The JWT string must have two dots'],
  ['of two parts', `${head}.${claims}`, 'The JWT string must have two dots'],
  ['of four parts', `${good}.x`, 'The JWT string must have two dots'],
  ['with a prefix', `Bearer ${good}`, 'Error while decoding to JSON: Syntax error'],
  ['with a header that is no JSON', jws('{x', CLAIMS, rsa(key)), 'Error while decoding to JSON: Syntax error'],
  ['with claims that are no JSON', jws(HEADER, '{x', rsa(key)), 'Error while decoding to JSON: Syntax error'],
  ['with claims that are null', jws(HEADER, 'null', rsa(key)), /^Error while decoding to JSON/],
  ['with half a character in it', token({ x: '\ud800' }), /^Error while decoding to JSON/],
  ['that is encrypted', token({}, { enc: 'A256GCM' }), 'Encryption is not supported yet'],
  [
    'for the address without its slash',
    token({ aud: host.url.slice(0, -1) }),
    `Audience mismatched '${host.url.slice(0, -1)}'`
  ],
  ['for another channel', token({ aud: host.at('form-gallery') }), `Audience mismatched '${host.at('form-gallery')}'`],
  ['for several', token({ aud: [host.url] }), /^Audience mismatched/],
  ['for a map', token({ aud: { toString: 1 } }), /^Audience mismatched/],
  ['without an audience', token({ aud: undefined }), missing],
  ['without an issuer', token({ iss: undefined }), missing],
  ['of an issuer that is no URI', token({ iss: '://' }), 'Issuer is not an absolute URI'],
  ['of another scheme', token({ iss: `https://127.0.0.1:${port}/` }), "Issuer scheme is not 'http'"],
  ['of another host', token({ iss: 'http://example.com/' }), notOurs],
  ['of a host that ends alike', token({ iss: `http://evil127.0.0.1.example.com:${port}/` }), notOurs],
  ['of an issuer with user info', token({ iss: `http://user@127.0.0.1:${port}/` }), 'Issuer must not have user info'],
  ['without a key', token({}, { pkey: undefined }), 'Requested header is not configured'],
  ['with a key that is a path', token({}, { pkey: '../companies' }), 'Header pkey is not an md5 in lower-case hex'],
  ['with a key that the CRM does not have', token({}, { pkey: 'a'.repeat(32) }), /answered 404$/],
  ['without a signature', token({}, {}, unsigned), 'This token is not signed'],
  ['of the algorithm none', token({}, { alg: 'none' }, unsigned), 'This token is not signed'],
  ['of the algorithm none, signed', token({}, { alg: 'none' }), 'This token is not signed'],
  ['without an algorithm', token({}, { alg: undefined }), 'This token is not signed'],
  ['of another key', token({}, {}, rsa(makeKey())), unverified],
  ['of RS256', token({}, { alg: 'RS256' }, rsa(key, 'RSA-SHA256')), unverified],
  ['of HS512 with the public key for a secret', token({}, { alg: 'HS512' }, hmac(key.pem)), unverified],
  ['of HS512 with the shared secret', token({}, { alg: 'HS512' }, hmac(HPT)), unverified],
  ['that was changed after it was signed', `${head}.${tampered}.${signature}`, unverified],
  ['that is expired', token({ exp: seconds(-61) }), 'Token is expired'],
  ['whose expiry is no time', token({ exp: { toString: 1 } }), 'Token is expired'],
  ['that is not valid yet', token({ nbf: seconds(62) }), 'Token is not valid yet'],
  ['without a company', token({ cid: undefined }), missing],
  ['without a plugin', token({ plugin: undefined }), missing],
  ['without the id of a plugin', token({ plugin: { alias: 'chat' } }), missing],
  ['without the alias of a plugin', token({ plugin: { id: '1' } }), missing],
  ['with a plugin that is a text', token({ plugin: 'chat' }), missing]
]

for (const [which, token, reason] of REFUSED)
  t.test(`a token ${which} is refused wherever it comes, and says why`, async t => {
    for (const answer of await carried(token)) {
      t.equal(answer.status, 403)
      t.ok(isEnvelope(answer), answer.text)
      t.match(answer.json, { code: 403, message: reason })
    }
  })

t.test('claims nested without end are refused, and the host goes on', async t => {
  const deep = jws(HEADER, `{"body":${'['.repeat(50_000)}${']'.repeat(50_000)}}`, rsa(key))
  t.equal((await askJson(`${host.url}special/send`, 'POST', { request: deep })).status, 403)
})

t.test('without the header of the token there is none', async t => {
  const url = `${host.url}protected/forms/settings`
  for (const [address, headers] of [
    [url, {}],
    [url, { 'x-plugin-token': '' }],
    [url, { 'x-plugin-token': '0' }],
    [url, { authorization: `Bearer ${good}` }],
    [`${url}?X-PLUGIN-TOKEN=${good}&x-plugin-token=${good}`, {}]
  ] as const) {
    const answer = await ask(address, { headers })
    t.equal(answer.status, 401)
    t.same(answer.json, { code: 401, message: 'X-PLUGIN-TOKEN not found' })
  }
})

t.test('every protected route wants a token', async t => {
  const routes = [
    ['GET', 'forms/settings'],
    ['GET', 'data/settings'],
    ['PUT', 'data/settings'],
    ['GET', 'autocomplete/x'],
    ['GET', 'preview/table/x'],
    ['GET', 'preview/markdown/x'],
    ['POST', 'upload'],
    ['POST', 'upload/image']
  ] as const
  for (const [method, path] of routes)
    t.equal((await ask(`${host.url}protected/${path}`, { method })).status, 401, `${method} ${path}`)
})

t.test('a plugin that is not registered is told so before anything else', async t => {
  const strangers = [{ cid: '2' }, { plugin: { alias: 'other', id: '1' } }, { plugin: { alias: 'plugin-1', id: '99' } }]
  for (const claims of strangers) {
    const request = token({ ...claims, settings: false, body: {} })
    const form = await ask(`${host.url}protected/forms/settings`, { headers: { 'x-plugin-token': request } })
    const send = await askJson(`${host.url}special/send`, 'POST', { request })
    t.same(form.json, { code: 403, message: 'Plugin was not registered' })
    t.same(send.json, { code: 403, message: 'Plugin was not registered' })
  }
})

t.test('only a token that allows it opens the settings', async t => {
  const put = { method: 'PUT', headers: { 'content-type': 'application/json' }, body: '{}' }
  const open = async (settings: unknown) => {
    const header = { 'x-plugin-token': token({ settings }) }
    const answers = await Promise.all([
      ask(`${host.url}protected/forms/settings`, { headers: header }),
      ask(`${host.url}protected/data/settings`, { headers: header }),
      ask(`${host.url}protected/data/settings`, { ...put, headers: { ...put.headers, ...header } })
    ])
    return answers.map(({ status }) => status)
  }
  for (const settings of [true, 1, 'yes', 'false', {}, [0]])
    t.same(await open(settings), [200, 200, 400], JSON.stringify(settings))
  for (const settings of [false, 0, '', '0', [], null, undefined])
    t.same(await open(settings), [403, 403, 403], JSON.stringify(settings))
  const refused = await ask(`${host.url}protected/forms/settings`, {
    headers: { 'x-plugin-token': token({ settings: false }) }
  })
  t.same(refused.json, { code: 403, message: 'Access to settings is not allowed' })
})

t.test('lookups and uploads need no access to settings', async t => {
  const headers = { 'x-plugin-token': token({ settings: false }) }
  for (const path of ['autocomplete/x', 'preview/table/x', 'preview/markdown/x'])
    t.equal((await ask(`${host.url}protected/${path}`, { headers })).status, 404, path)
  t.equal((await ask(`${host.url}protected/upload`, { method: 'POST', headers })).status, 400)
})

t.test('a token holds a minute longer than it says, and not a second more', async t => {
  const expiring = token({ exp: seconds(0), nbf: seconds(0) })
  const start = clock.now.getTime()
  t.teardown(() => {
    clock.now = new Date(start)
  })
  const at = async (later: number) => {
    clock.now = new Date(Math.floor(start / 1000) * 1000 + later * 1000)
    const { status } = await ask(`${host.url}protected/forms/settings`, { headers: { 'x-plugin-token': expiring } })
    return status
  }
  t.same([await at(-60), await at(0), await at(60)], [200, 200, 200])
  t.same([await at(-61), await at(61)], [403, 403])
})

t.test('where the operator says so, times are only logged', async t => {
  const host = await testHost(t, { env: { LV_PLUGIN_CHECK_EXPIRY: '0' } })
  await crm.register(host.url)
  const warned = t.capture(host.app.log, 'warn')
  const at = { aud: host.url, cid: '1', plugin: { alias: 'plugin-2', id: '2' } }
  for (const claims of [{ exp: seconds(-3_600) }, { nbf: seconds(3_600) }]) {
    const statuses = (await carried(token({ ...at, ...claims }), host.url)).map(({ status }) => status)
    t.same(statuses, [200, 202, 200], JSON.stringify(claims))
  }
  const said = warned.args().map(([, message]) => String(message))
  t.equal(said.filter(message => message.startsWith('Token is expired; accepted')).length, 3)
  t.equal(said.filter(message => message.startsWith('Token is not valid yet; accepted')).length, 3)
})
