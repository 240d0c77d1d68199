import t from 'tap'
import { openDatabase, testCrm, testDatabase, testHost, until } from '../harness.ts'
import { ask, isEnvelope } from './ask.ts'
import { makeKey, testCluster } from './cluster.ts'
import { databaseRelay } from './database-relay.ts'

const AWAY = { code: 503, message: 'Temporarily out of service, try again' }
/** How long a CRM would wait for an answer. */
const SOON_MS = 10_000

const hello = (id: string) => ({ chat: { contact: '1' }, message: { id, content: { text: id, format: 'text' } } })
const isReady = async (url: string) => (await ask(`${url}health/ready`)).status === 200

t.test('while the database is away nothing is promised, and afterwards everything goes on', async t => {
  const crm = await testCrm(t)
  const relay = await databaseRelay(t, await testDatabase(t))
  const host = await testHost(t, { env: { DATABASE_URL: relay.url } })
  const plugin = await crm.register(host.url)
  await plugin.saveSettings({ main: { prefix: '<', suffix: '>', delay: 0 } })
  const before = await plugin.send({ contact: '1', content: { text: 'before', format: 'text' } })
  await crm.waitFor(event => event.type === 'status' && event.messageId === before.message.id)

  await relay.cut()
  const started = performance.now()
  const answers = await Promise.all([
    ...['away-1', 'away-2', 'away-3', 'away-4'].map(id => plugin.special(hello(id))),
    plugin.saveSettings({ main: { prefix: 'lost', suffix: '' } }),
    plugin.register()
  ])
  t.ok(performance.now() - started < SOON_MS, 'whoever asks hears so before he gives up')
  for (const answer of answers) {
    t.equal(answer.status, 503, answer.text)
    t.same(answer.json, AWAY)
  }
  t.match((await ask(`${host.url}health/ready`)).json, { code: 503, problems: ['database_away'] })
  t.equal((await ask(`${host.url}info`)).status, 200, 'what needs no database is answered')
  t.equal((await ask(`${host.url}health/live`)).status, 200)

  await relay.mend()
  await until('the host to be ready', () => isReady(host.url))
  const { message, answer } = await plugin.send({ contact: '2', content: { text: 'after', format: 'text' } })
  t.equal(answer.status, 202)
  await crm.waitFor(event => event.type === 'status' && event.messageId === message.id && event.status === 'read')
  const rows = await host.database.sql`select crm_id from messages where crm_id like 'away-%'`
  t.same(rows, [], 'what was refused was not stored')
  t.match((await plugin.settings()).json, { main: { prefix: '<' } })
})

t.test('a key that could not be looked up is not remembered as one that cannot be had', async t => {
  const cluster = await testCluster(t)
  const relay = await databaseRelay(t, await testDatabase(t))
  const host = await testHost(t, { env: { DATABASE_URL: relay.url, LV_PLUGIN_ROLES: 'web' } })
  const key = makeKey()
  cluster.serve(key, key.pem)
  const request = () =>
    ask(`${host.url}protected/data/settings`, { headers: { 'x-plugin-token': cluster.token(key, host.url) } })

  await relay.cut()
  t.equal((await request()).status, 503)
  await relay.mend()
  await until('the host to be ready', () => isReady(host.url))
  t.same((await request()).json, { code: 403, message: 'Plugin was not registered' })
})

t.test('a database that is gone for good is no reason to say 202', async t => {
  const crm = await testCrm(t)
  const database = await testDatabase(t)
  const host = await testHost(t, { env: { DATABASE_URL: database, LV_PLUGIN_ROLES: 'web' } })
  const plugin = await crm.register(host.url)
  const server = openDatabase(new URL('/postgres', database).href, 1)
  await server.sql.unsafe(`drop database ${new URL(database).pathname.slice(1)} with (force)`)
  await server.close()
  for (const id of ['1', '2', '3']) {
    const answer = await plugin.special(hello(id))
    t.equal(answer.status, 503, answer.text)
    t.ok(isEnvelope(answer))
  }
})

t.test('connections that the database ends cost no message that was promised', { timeout: 20_000 }, async t => {
  const crm = await testCrm(t)
  const host = await testHost(t, { env: { LV_PLUGIN_ROLES: 'web' } })
  const plugin = await crm.register(host.url)
  const { sql } = host.database
  const killer = openDatabase(host.environment.DATABASE_URL ?? '', 1)
  t.teardown(killer.close)

  for (const round of [1, 2, 3, 4, 5]) {
    const ids = Array.from({ length: 20 }, (_, index) => `${round}-${index}`)
    const posting = Promise.all(ids.map(async id => ({ id, answer: await plugin.special(hello(id)) })))
    await killer.sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`
    const answers = await posting
    t.same(
      answers.filter(({ answer }) => answer.status !== 202 && answer.status !== 503),
      []
    )
    const promised = answers.flatMap(({ id, answer }) => (answer.status === 202 ? [id] : []))
    const kept = await killer.sql`select crm_id from messages where crm_id = any(${promised})`
    t.equal(kept.length, promised.length, 'each 202 was kept')
  }
  await until('the host to be ready', () => isReady(host.url))
  t.equal((await plugin.special(hello('after'))).status, 202)
  t.equal((await sql`select from messages where crm_id = 'after'`).length, 1)
})
