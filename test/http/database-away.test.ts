import t from 'tap'
import { testCrm, testDatabase, testHost, until } from '../harness.ts'
import { ask, isEnvelope } from './ask.ts'
import { makeKey, testCluster } from './cluster.ts'
import { databaseRelay } from './database-relay.ts'

const AWAY = { code: 503, message: 'Temporarily out of service, try again' }
const hello = (id: string) => ({ chat: { contact: '1' }, message: { id, content: { text: id, format: 'text' } } })

t.test('while the database is away nothing is promised, and afterwards everything goes on', async t => {
  const crm = await testCrm(t)
  const database = await testDatabase(t)
  const relay = await databaseRelay(t, database)
  const host = await testHost(t, { env: { DATABASE_URL: relay.url } })
  const plugin = await crm.register(host.url)
  await plugin.saveSettings({ main: { prefix: '<', suffix: '>', delay: 0 } })
  t.equal((await plugin.special(hello('before'))).status, 202)

  await relay.cut()
  const answers = await Promise.all([
    ...Array.from({ length: 20 }, (_, index) => plugin.special(hello(`away-${index}`))),
    plugin.settings(),
    plugin.register(),
    plugin.autocomplete('x'),
    ask(`${host.url}health/ready`)
  ])
  for (const answer of answers) {
    t.equal(answer.status, 503, answer.text)
    t.same(answer.json, AWAY)
  }
  t.equal((await ask(`${host.url}info`)).status, 200, 'what needs no database is answered')
  t.equal((await ask(`${host.url}health/live`)).status, 200)

  await relay.mend()
  await until('the host to be ready', async () => (await ask(`${host.url}health/ready`)).status === 200)
  const { message, answer } = await plugin.send({ contact: '2', content: { text: 'after', format: 'text' } })
  t.equal(answer.status, 202)
  await crm.waitFor(event => event.type === 'status' && event.messageId === message.id && event.status === 'read')
  const rows = await host.database.sql`select crm_id from messages where crm_id like 'away-%'`
  t.same(rows, [], 'what was refused was not stored')
})

t.test('a key that could not be looked up is no key that is wrong', async t => {
  const cluster = await testCluster(t)
  const relay = await databaseRelay(t, await testDatabase(t))
  const host = await testHost(t, { env: { DATABASE_URL: relay.url } })
  const key = makeKey()
  cluster.serve(key, key.pem)
  const request = () =>
    ask(`${host.url}protected/data/settings`, { headers: { 'x-plugin-token': cluster.token(key, host.url) } })

  await relay.cut()
  t.equal((await request()).status, 503)
  await relay.mend()
  await until('the host to be ready', async () => (await ask(`${host.url}health/ready`)).status === 200)
  t.same((await request()).json, { code: 403, message: 'Plugin was not registered' }, 'the failure was not remembered')
})

t.test('connections that the database ends cost no message', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t)
  const plugin = await crm.register(host.url)
  const { sql } = host.database
  const accepted: string[] = []
  for (let round = 0; round < 5; round += 1) {
    const ids = Array.from({ length: 20 }, (_, index) => `${round}-${index}`)
    const posting = ids.map(async id => ({ id, answer: await plugin.special(hello(id)) }))
    await sql`
      select pg_terminate_backend(pid) from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid()`
    for (const { id, answer } of await Promise.all(posting)) {
      t.ok([202, 503].includes(answer.status), answer.text)
      if (answer.status === 202) accepted.push(id)
    }
  }
  const rows = await sql`select crm_id from messages`
  const stored = new Set(rows.map(({ crm_id }) => crm_id))
  t.same(
    accepted.filter(id => !stored.has(id)),
    [],
    'each 202 was kept'
  )
})

t.test('a database that is gone for good is no reason to say 202', async t => {
  const crm = await testCrm(t)
  const database = await testDatabase(t)
  const host = await testHost(t, { env: { DATABASE_URL: database, LV_PLUGIN_ROLES: 'web' } })
  const plugin = await crm.register(host.url)
  const name = new URL(database).pathname.slice(1)
  const { openDatabase } = await import('../../src/database/connect.ts')
  const server = openDatabase(database.replace(name, 'postgres'), 1)
  await server.sql.unsafe(`drop database ${name} with (force)`)
  await server.close()
  for (const id of ['1', '2', '3']) {
    const answer = await plugin.special(hello(id))
    t.equal(answer.status, 503, answer.text)
    t.ok(isEnvelope(answer))
  }
})
