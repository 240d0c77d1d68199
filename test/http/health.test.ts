import { freePort } from 'simulator/free-port'
import t from 'tap'
import { readConfig } from '../../src/config.ts'
import { startHost } from '../../src/host.ts'
import { openDatabase, testCrm, testDatabase, testEnvironment, testHost, until } from '../harness.ts'
import { scripted, taken, text } from '../scripted-channel.ts'
import { ask, isEnvelope } from './ask.ts'
import { databaseRelay } from './database-relay.ts'

/** Health: a host that cannot take messages and work on them says so, and what keeps it from that. */

const readiness = async (url: string) => {
  const { status, json } = await ask(`${url}health/ready`)
  return { status, problems: (json as { problems?: string[] }).problems ?? [] }
}
const becomesReady = (url: string) => until('the host to be ready', async () => (await readiness(url)).status === 200)

t.test('a host that can work is ready, and says that it lives', async t => {
  const host = await testHost(t)
  const ready = await ask(`${host.url}health/ready`)
  t.same([ready.status, ready.json], [200, { status: 'ready' }])
  const live = await ask(`${host.url}health/live`)
  t.same([live.status, live.json], [200, { status: 'live' }])
})

t.test('a host that starts lives and is not ready, at its own address and at METRICS_PORT', async t => {
  const METRICS_PORT = String(await freePort())
  const config = readConfig(await testEnvironment(t, { METRICS_PORT }))
  const { pool, close } = openDatabase(config.databaseUrl as string, 1)
  t.teardown(close)
  // The lock of migrations, for which a start waits.
  const lock = await pool.connect()
  await lock.query('select pg_advisory_lock(7205114)')
  const starting = startHost(config)
  const addresses = [config.selfUri, `http://127.0.0.1:${METRICS_PORT}/`]
  for (const url of addresses) {
    await until('an answer', async () => readiness(url).catch(() => undefined))
    t.same(await readiness(url), { status: 503, problems: ['starting'] })
    t.equal((await ask(`${url}health/live`)).status, 200)
  }
  const refused = await ask(`${config.selfUri}special/send`, { method: 'POST', body: 'request=1' })
  t.equal(refused.status, 503, 'whoever posts a message tries again')
  t.ok(isEnvelope(refused))
  t.equal((await ask(`${addresses[1]}metrics`)).status, 503)
  await lock.query('select pg_advisory_unlock(7205114)')
  lock.release()
  const host = await starting
  t.teardown(host.close)
  for (const url of addresses) t.equal((await readiness(url)).status, 200)
  t.equal((await ask(`${config.selfUri}info`)).status, 200)
})

t.test('a host that drains lives and is not ready until it has ended', async t => {
  const METRICS_PORT = String(await freePort())
  const sent = Promise.withResolvers<void>()
  const { channel, handed } = scripted(async message => {
    await sent.promise
    return taken(message)
  })
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel, path: '/' }], env: { METRICS_PORT } })
  const plugin = await crm.register(host.url)
  await plugin.send(text('1', 'slow'))
  await until('the message to be in hand', async () => handed.length > 0)
  const closing = host.close()
  for (const url of [host.url, `http://127.0.0.1:${METRICS_PORT}/`]) {
    await until(
      'the host to drain',
      async () => (await readiness(url).catch(() => undefined))?.problems[0] === 'draining'
    )
    t.equal((await ask(`${url}health/live`)).status, 200)
  }
  const refused = await ask(`${host.url}info`)
  t.equal(refused.status, 503)
  t.match(refused.json, { code: 503, message: /ends/ })
  sent.resolve()
  await closing
  await t.rejects(fetch(`${host.url}health/live`), 'nobody has the address any more')
})

t.test('a host without its database is not ready, and is again when that is back', async t => {
  const relay = await databaseRelay(t, await testDatabase(t))
  const host = await testHost(t, { env: { DATABASE_URL: relay.url } })
  await relay.cut()
  t.same((await readiness(host.url)).problems[0], 'database_away')
  t.equal((await ask(`${host.url}health/live`)).status, 200)
  await relay.mend()
  await becomesReady(host.url)
})

t.test('a database that lacks a migration is behind', async t => {
  const host = await testHost(t)
  const { sql } = host.database
  const [row] = await sql`delete from drizzle.__drizzle_migrations where id = 3 returning *`
  t.same(await readiness(host.url), { status: 503, problems: ['behind'] })
  await sql`insert into drizzle.__drizzle_migrations ${sql(row as object)}`
  t.equal((await readiness(host.url)).status, 200)
  await sql`alter schema drizzle rename to elsewhere`
  t.same(await readiness(host.url), { status: 503, problems: ['behind'] })
  await sql`alter schema elsewhere rename to drizzle`
})

t.test('a database that takes no writes is read-only', async t => {
  const host = await testHost(t, { env: { LV_PLUGIN_ROLES: 'web' } })
  const { sql } = host.database
  const name = new URL(host.config.databaseUrl as string).pathname.slice(1)
  const renew = () =>
    sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name} and pid <> pg_backend_pid()`
  await sql.unsafe(`alter database ${name} set default_transaction_read_only = on`)
  await renew()
  await until('the host to notice', async () => (await readiness(host.url)).problems.includes('read_only'))
  t.match((await ask(`${host.url}health/ready`)).json, { code: 503, message: /takes no writes/ })
  await sql.unsafe('set default_transaction_read_only = off')
  await sql.unsafe(`alter database ${name} reset default_transaction_read_only`)
  await renew()
  await becomesReady(host.url)
})

t.test('a disk with less room than the floor is full, and all that is wrong is named', async t => {
  const relay = await databaseRelay(t, await testDatabase(t))
  const host = await testHost(t, { env: { LV_PLUGIN_DISK_FLOOR: '1000000TiB', DATABASE_URL: relay.url } })
  t.same(await readiness(host.url), { status: 503, problems: ['disk_full'] })
  await relay.cut()
  t.same((await readiness(host.url)).problems.slice(0, 2), ['database_away', 'disk_full'])
  await relay.mend()
})
