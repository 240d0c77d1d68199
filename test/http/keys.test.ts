import { generateKeyPairSync } from 'node:crypto'
import { promisify } from 'node:util'
import t from 'tap'
import { testCrm, testHost, until } from '../harness.ts'
import { ask, askJson, isEnvelope } from './ask.ts'
import { type Key, makeKey, md5, renamed, testCluster } from './cluster.ts'

const cluster = await testCluster(t)
const clock = { now: new Date() }
const host = await testHost(t, { now: () => clock.now })

const register = (key: Key, claims: object = {}) =>
  askJson(`${host.url}registration`, 'PUT', {
    registration: cluster.token(key, host.url, { HPT: 'x', country: 'RU', currency: 'RUB', ...claims })
  })
const settings = (key: Key) =>
  ask(`${host.url}protected/data/settings`, { headers: { 'x-plugin-token': cluster.token(key, host.url) } })
const kept = async ({ pkey }: Key) => (await host.database.sql`select from public_keys where id = ${pkey}`).length

/** A key that the cluster serves so. */
function served(how: Parameters<typeof cluster.serve>[1], key = renamed(first)): Key {
  cluster.serve(key, how)
  return key
}

const connections = () => promisify(host.app.server.getConnections.bind(host.app.server))()

const first = makeKey()
const fresh = () => renamed(first)
cluster.serve(first, first.pem)
await register(first)

t.test('a key is fetched from the issuer by its md5, and the host says who asks', async t => {
  t.equal(cluster.times(`/pkey/${first.pkey}`), 1)
  const userAgent = `SR-PLUGIN-CHAT-BOT/1.0 (+${host.url}info)`
  t.match(cluster.asked[0], { path: `/pkey/${first.pkey}`, headers: { 'user-agent': userAgent } })
  t.equal(await kept(first), 1)
})

t.test('a key is fetched once, however many ask for it at the same time', async t => {
  const gate = Promise.withResolvers<void>()
  const key = fresh()
  cluster.serve(key, response => gate.promise.then(() => response.end(key.pem)))
  const asking = Array.from({ length: 50 }, () => settings(key))
  await until('all of them to ask', async () => (await connections()) >= 50)
  await ask(`${host.url}info`)
  gate.resolve()
  const answers = await Promise.all(asking)
  t.same([...new Set(answers.map(({ status }) => status))], [200])
  await settings(key)
  t.equal(cluster.times(`/pkey/${key.pkey}`), 1)
})

t.test('a cluster may sign with several keys in turn', async t => {
  const other = makeKey()
  cluster.serve(other, other.pem)
  for (const key of [first, other, first, other]) t.equal((await settings(key)).status, 200)
  t.equal(cluster.times(`/pkey/${other.pkey}`), 1)
})

t.test("the key stands below the issuer's origin, whatever path the issuer has", async t => {
  const key = served('')
  cluster.serve(key, key.pem)
  const before = cluster.asked.length
  t.equal((await register(key, { iss: `${cluster.url}a/b?c=d` })).status, 200)
  t.same(
    cluster.asked.slice(before).map(({ path }) => path),
    [`/pkey/${key.pkey}`]
  )
  await register(first)
})

const named = (pem: string): Key => ({ ...first, pem, pkey: md5(pem) })
const garbage = named('-----BEGIN PUBLIC KEY-----\ngarbage\n-----END PUBLIC KEY-----')
const { publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
const elliptic = named(publicKey.export({ type: 'spki', format: 'pem' }) as string)
const padded = (length: number) => renamed(first, `${'#'.repeat(length - first.pem.length - 1)}\n`)
const largest = padded(16 * 1024)
const overlong = padded(16 * 1024 + 1)

const WRONG: readonly (readonly [string, Key, RegExp])[] = [
  ['that the CRM does not have', fresh(), /answered 404$/],
  ['behind a failing CRM', served(response => response.writeHead(500).end('oops')), /answered 500$/],
  ['that is not there', served(''), /md5/],
  ['of another md5', served(first.pem), /md5/],
  ['that is none', served(garbage.pem, garbage), /^It was not possible to parse your key/],
  ['of another kind', served(elliptic.pem, elliptic), /^This key is not compatible with this signer$/],
  ['of more than 16 KiB', served(overlong.pem, overlong), /too long$/],
  ['on a line that is cut', served(response => response.destroy()), /no answer$/]
]

for (const [which, key, reason] of WRONG)
  t.test(`a key ${which} opens nothing, and is not kept`, async t => {
    for (const answer of [await settings(key), await register(key)]) {
      t.equal(answer.status, 403)
      t.ok(isEnvelope(answer))
      t.match(answer.json, { message: reason })
    }
    t.equal(await kept(key), 0)
  })

t.test('a key of exactly 16 KiB is taken', async t => {
  t.equal(largest.pem.length, 16 * 1024)
  cluster.serve(largest, largest.pem)
  t.equal((await settings(largest)).status, 200)
})

t.test('a redirect is not followed', async t => {
  const key = fresh()
  cluster.serve({ pkey: 'elsewhere' }, key.pem)
  cluster.serve(key, response => response.writeHead(302, { location: '/pkey/elsewhere' }).end(key.pem))
  t.match((await settings(key)).json, { code: 403, message: /answered 302$/ })
  t.equal(cluster.times('/pkey/elsewhere'), 0)
})

t.test('a key that could not be had is not asked for again for 30 seconds', async t => {
  const key = fresh()
  const path = `/pkey/${key.pkey}`
  t.equal((await settings(key)).status, 403)
  cluster.serve(key, key.pem)
  const start = clock.now.getTime()
  clock.now = new Date(start + 29_999)
  t.equal((await settings(key)).status, 403)
  t.equal((await register(key)).status, 403)
  t.equal(cluster.times(path), 1)

  clock.now = new Date(start + 30_000)
  t.equal((await settings(key)).status, 200)
  t.equal(cluster.times(path), 2)
})

t.test('a token that cannot be for us fetches nothing', async t => {
  const key = fresh()
  const before = cluster.asked.length
  const tokens = [
    cluster.token(key, 'http://other.example.com/'),
    cluster.token(key, host.url, { iss: cluster.url.replace('http://', 'http://user:password@') }),
    cluster.token(key, host.url, { iss: cluster.url.replace('http:', 'https:') }),
    cluster.token(key, host.url, {}, { pkey: `../pkey/${key.pkey}` }),
    cluster.token(key, host.url, {}, { pkey: `${key.pkey}?x` })
  ]
  for (const token of tokens)
    t.equal((await askJson(`${host.url}special/send`, 'POST', { request: token })).status, 403)
  t.equal(cluster.asked.length, before)
})

t.test("a cluster in the operator's own network is not called unless it is allowed", async t => {
  const closed = await testHost(t, { env: { OUTBOUND_ALLOW: '10.0.0.0/8' } })
  const key = fresh()
  cluster.serve(key, key.pem)
  const answer = await askJson(`${closed.url}special/send`, 'POST', { request: cluster.token(key, closed.url) })
  t.equal(answer.status, 403)
  t.notMatch(answer.text, /127\.0\.0\.1|private|ECONN/, 'the answer tells nothing of the network')
  t.equal(cluster.times(`/pkey/${key.pkey}`), 0)
})

t.test('a key outlives the host, also while the CRM is away', async t => {
  const crm = await testCrm(t)
  const before = await testHost(t)
  const plugin = await crm.register(before.url)
  const token = await plugin.token()
  await before.close()
  await crm.close()

  const after = await testHost(t, { env: before.environment })
  t.equal(after.url, before.url)
  const answer = await ask(`${after.url}protected/data/settings`, { headers: { 'x-plugin-token': token } })
  t.equal(answer.status, 200)
})
