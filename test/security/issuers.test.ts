import { readFile } from 'node:fs/promises'
import t, { type Test } from 'tap'
import { issuerProblem } from '../../src/protocol/issuers.ts'
import { callUrl } from '../../src/protocol/special-request.ts'
import { cli, cliJson } from '../cli/run.ts'
import { openDatabase, testCrm, testDatabase, testHost, until } from '../harness.ts'
import { ask, askJson, isEnvelope } from '../http/ask.ts'
import { testChannel } from '../http/channel.ts'
import { type Key, makeKey, testCluster } from '../http/cluster.ts'
import { scripted, taken, text } from '../scripted-channel.ts'

/** A cluster speaks for nobody else. Both of these are allowed: they differ in their ports. */

const HANDSHAKE = { HPT: 'secret', country: 'RU', currency: 'RUB' }
const SEND = { body: { chat: { contact: '1' }, message: { content: { text: 'x', format: 'text' } } } }

async function build(t: Test) {
  const host = await testHost(t, { channels: [{ channel: testChannel({}), path: '/' }] })
  const [a, b] = [await testCluster(t), await testCluster(t)]
  const [keyA, keyB] = [makeKey(), makeKey()]
  a.serve(keyA, keyA.pem)
  b.serve(keyB, keyB.pem)
  type Cluster = typeof a
  const register = (cluster: Cluster, key: Key, claims: object = {}) =>
    askJson(`${host.url}registration`, 'PUT', {
      registration: cluster.token(key, host.url, { ...HANDSHAKE, ...claims })
    })
  const settings = (token: string) =>
    ask(`${host.url}protected/data/settings`, { headers: { 'x-plugin-token': token } })
  const rows = () => host.database.sql`select * from registrations order by id`
  return { host, a, b, keyA, keyB, register, settings, rows }
}

t.test(
  'a token that names one cluster and is signed by the key of another is refused, and the one named is asked',
  async t => {
    const { host, a, b, keyA, keyB, register, settings } = await build(t)
    await register(a, keyA)
    await register(b, keyB)
    const forged = a.token(keyB, host.url, { ...HANDSHAKE, ...SEND })
    for (const answer of [
      await settings(forged),
      await askJson(`${host.url}special/send`, 'POST', { request: forged }),
      await askJson(`${host.url}registration`, 'PUT', { registration: forged })
    ]) {
      t.equal(answer.status, 403)
      t.match(answer.json, { message: /answered 404$/ })
    }
    t.equal(a.times(`/pkey/${keyB.pkey}`), 1)
    t.equal(b.times(`/pkey/${keyB.pkey}`), 1)
  }
)

t.test('a token whose issuer cannot be asked is a client error, though its key is known from elsewhere', async t => {
  const { host, b, keyB, register, settings } = await build(t)
  await register(b, keyB)
  const answer = await settings(b.token(keyB, host.url, { iss: 'http://127.0.0.1:9/' }))
  t.equal(answer.status, 403)
  t.match(answer.json, { message: /could not be fetched/ })
})

t.test(
  'another cluster neither opens, uses nor replaces a registration: its own handshake makes one of its own',
  async t => {
    const { host, a, b, keyA, keyB, register, settings, rows } = await build(t)
    await register(a, keyA)
    const [before] = await rows()
    const foreign = b.token(keyB, host.url, SEND)
    t.same((await settings(foreign)).json, { code: 403, message: 'Plugin was not registered' })
    t.equal((await askJson(`${host.url}special/send`, 'POST', { request: foreign })).status, 403)

    t.equal((await register(b, keyB, { HPT: 'other' })).status, 200)
    const [after, own] = await rows()
    t.same(after, before)
    t.match(own, { origin: b.url.slice(0, -1), cluster_uri: b.url })
    t.not(own?.webhook_hash, before?.webhook_hash)

    const saved = { main: { prefix: 'a', suffix: 'b', delay: 0 } }
    const put = await askJson(`${host.url}protected/data/settings`, 'PUT', saved, {
      'x-plugin-token': a.token(keyA, host.url)
    })
    t.equal(put.status, 200)
    t.same((await settings(a.token(keyA, host.url))).json, saved)
    t.notMatch((await settings(foreign)).text, '"a"')
  }
)

t.test('a registration token that is older than the last one taken is refused', async t => {
  const { a, keyA, register, rows } = await build(t)
  t.equal((await register(a, keyA, { iat: 2_000 })).status, 200)
  const before = await rows()
  const old = await register(a, keyA, { iat: 1_999, HPT: 'leaked' })
  t.equal(old.status, 403)
  t.same(old.json, { code: 403, message: 'Token is older than the last one that registered' })
  t.same(await rows(), before)
  for (const iat of [2_000, 2_000.5, undefined, 2_001])
    t.equal((await register(a, keyA, { iat })).status, 200, String(iat))
  t.equal((await register(a, keyA, { iat: 2_000 })).status, 403)
})

t.test('a cluster taken out of the configuration neither signs nor is called, until it is back', async t => {
  const script = scripted(async message => taken(message))
  const crm = await testCrm(t)
  const start = { channels: [{ channel: script.channel, path: '/' }] }
  const first = await testHost(t, start)
  const plugin = await crm.register(first.url)
  const token = await plugin.token()
  const request = await crm.sign(plugin, { body: text('1', 'x') })
  await first.close()

  const env = { ...first.environment, LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME: 'example.com' }
  const without = await testHost(t, { ...start, env })
  const before = crm.exchanges().length
  t.equal((await ask(`${without.url}protected/data/settings`, { headers: { 'x-plugin-token': token } })).status, 403)
  t.equal((await askJson(`${without.url}special/send`, 'POST', { request })).status, 403)
  await without.database.sql`
    with chat as (insert into conversations (registration_id, contact) select id, 'x' from registrations returning *)
    insert into outbox (registration_id, conversation_id, kind, body, dedupe)
    select registration_id, id, 'status', '{"id":"1","status":"read"}', 'x' from chat`
  await without.database.sql`update conversations set telling_due = now()`
  await without.database
    .sql`select graphile_worker.add_job('tell', json_build_object('registration', id)) from registrations`
  const [item] = await until('the item to be put off', async () => {
    const rows = await without.database.sql`select reason from outbox where attempts > 0`
    return rows.length > 0 && rows
  })
  t.match(item?.reason, /^the cluster is not allowed: Issuer hostname/)
  t.equal(crm.exchanges().length, before)
})

t.test('an operator moves a registration to another cluster', async t => {
  const { host, a, b, keyA, keyB, register, settings, rows } = await build(t)
  await register(a, keyA, { iat: 2_000 })
  const move = (id: string, to: string) => cli(t, ['registrations', 'move', id, '--to', to], { env: host.environment })
  t.match(await move('9', b.url), { code: 1, stderr: 'There is no registration 9.\n' })
  t.match(await move('1', 'http://example.com'), { code: 1, stderr: /may not issue tokens here/ })
  t.same(await cliJson(t, ['registrations', 'move', '1', '--to', b.url], { env: host.environment }), {
    id: 1,
    origin: b.url.slice(0, -1),
    clusterUri: b.url
  })
  await until('the move to be heard of', async () => (await settings(a.token(keyA, host.url))).status === 403)
  t.equal((await settings(b.token(keyB, host.url))).status, 200)
  t.equal((await register(b, keyB, { iat: 1_000 })).status, 200)
  t.equal((await rows()).length, 1)

  await register(a, keyA)
  t.match(await move('1', a.url), { code: 1, stderr: /Registration \d+ is the same plugin/ })
})

t.test('with https only port 443 speaks unless an entry names another, with http any', async t => {
  const problem = (entries: string, iss: string, scheme = 'https') =>
    issuerProblem(iss, { scheme, hostnames: entries.split(',') })
  for (const [entries, iss] of [
    ['a.com', 'https://a.com/'],
    ['a.com', 'https://x.a.com:443'],
    ['a.com:8443', 'https://a.com:8443'],
    ['a.com:8443,a.com', 'https://x.a.com'],
    ['=a.com', 'https://a.com'],
    ['=a.com:1', 'https://a.com:1'],
    ['[::1]:1', 'https://[::1]:1']
  ] as const)
    t.equal(problem(entries, iss), undefined, `${entries} ${iss}`)
  for (const iss of ['https://a.com:8443', 'https://x.a.com:1', 'https://a.com:80'])
    t.equal(problem('a.com', iss), 'Issuer port is not allowed', iss)
  t.equal(problem('a.com:8443', 'https://a.com'), 'Issuer port is not allowed')
  t.equal(problem('=a.com', 'https://x.a.com'), "Issuer hostname is not in '{=a.com}'")
  t.equal(problem('a.com', 'http://a.com:8080', 'http'), undefined)
})

t.test('an issuer with a NUL, half a character or more than 512 characters is refused, never a fault', async t => {
  const { a, keyA, register, rows } = await build(t)
  for (const end of ['\0', 'x\0y', '\ud800', 'x'.repeat(512), '/'.repeat(48_000)]) {
    const answer = await register(a, keyA, { iss: `${a.url}${end}` })
    t.equal(answer.status, 403)
    t.ok(isEnvelope(answer))
    t.ok(answer.text.length < 400)
  }
  t.same(await rows(), [])
})

t.test("a cluster's address of slashes is read in linear time", async t => {
  const began = process.cpuUsage()
  callUrl(`https://a.com/${'/'.repeat(1_000_000)}x`, '1', 'status')
  const { user } = process.cpuUsage(began)
  t.ok(user < 1_000_000, `${user} us`)
})

t.test('registrations of before migrate to the cluster that each is told to, and keys are fetched anew', async t => {
  const { sql, close } = openDatabase(await testDatabase(t), 1)
  t.teardown(close)
  await sql.unsafe(`
    alter table registrations drop constraint registrations_reference, drop column origin, drop column signed_at;
    alter table public_keys drop column origin;
    alter table public_keys add primary key (id);
    insert into public_keys (id, pem) values ('a', 'b');
    alter table registrations add constraint registrations_reference unique (channel, company_id, alias, plugin_id)`)
  const addresses = [
    'https://Backend.Example.com',
    'HTTPS://backend.example.com:443/a/b',
    'http://127.0.0.1:80?x',
    'https://x.com:8443/#y',
    'http://[::1]:3000/',
    'https://backend.example.com:4430/'
  ]
  for (const [id, uri] of addresses.entries())
    await sql`insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
      values ('echo', '1', 'chat', ${id}, ${uri}, 'RU', 'RUB', 'x', 'x', ${id})`
  await sql.unsafe(await readFile(new URL('../../migrations/0008_issuers.sql', import.meta.url), 'utf8'))
  const rows = await sql<{ origin: string }[]>`select origin from registrations order by id`
  t.same(
    rows.map(({ origin }) => origin),
    addresses.map(address => new URL(address).origin)
  )
  t.same(await sql`select from public_keys`, [])
})
