import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { openDatabase as openPools } from '../../src/postgres/connect.ts'
import { isAway } from '../../src/postgres/fault.ts'
import { listen } from '../../src/postgres/listen.ts'
import { openDatabase, testDatabase, until } from '../harness.ts'
import { databaseRelay } from '../http/database-relay.ts'

/** Connections to a database that is silent and closes nothing, or takes too long. */

const SILENT_MS = 1_000
const HEALED_MS = 30_000

t.setTimeout(120_000)

t.test('what a client has lost, the server gives up by itself: locks of its transaction, and its sessions', async t => {
  const { lost, beside, relay } = await world(t)
  await Promise.all([lost.pool.query('select pg_sleep(0.1)'), lost.pool.query('select pg_sleep(0.1)')])
  const forgotten = lost.db.transaction(async tx => {
    await tx.execute(sql`insert into numbers values (1)`)
    await tx.execute(sql`lock table numbers`)
    relay.swallow()
    await tx.execute(sql`select 1`)
  })
  t.ok(isAway(await forgotten.catch(error => error)), 'the transaction failed, as when the database is away')
  t.same(await beside.sql`select n from numbers`, [], 'and nothing of it has happened')
  await until('its sessions to end', async () => (await sessions(beside)) === 0)
})

t.test('connections that were lost together are given up together', async t => {
  const { lost, relay } = await world(t)
  await Promise.all(Array.from({ length: 5 }, () => lost.pool.query('select pg_sleep(0.1)')))
  relay.swallow()
  await t.rejects(lost.pool.query('select 1'))
  relay.heal()
  const started = performance.now()
  await Promise.all(Array.from({ length: 5 }, () => lost.pool.query('select 1')))
  t.ok(performance.now() - started < SILENT_MS, 'nobody else has to wait for one of them')
})

t.test('a statement that takes too long fails as when the database is away, and has not happened', async t => {
  const { lost, beside } = await world(t)
  const slow = lost.pool.query('with one as (insert into numbers values (1) returning n) select pg_sleep(20) from one')
  t.ok(isAway(await slow.catch(error => error)))
  t.same(await beside.sql`select n from numbers`, [])
  t.equal((await lost.pool.query('select 1')).rowCount, 1)
})

t.test('work by hand may take as long as the server works on it, and no longer', async t => {
  const { beside, relay } = await world(t)
  const patient = openPools(relay.url, 1, { silentMs: SILENT_MS, patient: true })
  t.teardown(patient.close)
  t.equal((await patient.pool.query('select pg_sleep(3)')).rowCount, 1)
  const lost = patient.pool.query('select pg_sleep(4)')
  await until('it to be under way', async () => {
    const { count } =
      await beside.sql`select from pg_stat_activity where query like '%pg_sleep(4)' and state = 'active'`
    return count === 1
  })
  relay.swallow()
  relay.heal()
  t.ok(isAway(await lost.catch(error => error)), 'the answer was lost, and is not waited for')
})

t.test('one who only listens notices the silence, and hears again when it is over', async t => {
  const { beside, relay } = await world(t)
  const heard: string[] = []
  let began = 0
  const end = await listen(
    { url: relay.url },
    {
      channel: 'words',
      heard: word => heard.push(word),
      began: () => {
        began += 1
      }
    }
  )
  t.teardown(end)
  relay.swallow()
  relay.heal()
  await until('it to listen again', async () => began === 2, HEALED_MS)
  await beside.sql`select pg_notify('words', 'again')`
  await until('it to hear', async () => heard.includes('again'))
})

async function world(t: Test) {
  const url = await testDatabase(t)
  const beside = openDatabase(url)
  t.teardown(beside.close)
  await beside.sql`create table numbers (n int)`
  const relay = await databaseRelay(t, url)
  const lost = openPools(relay.url, 5, { silentMs: SILENT_MS })
  t.teardown(lost.close)
  return { beside, relay, lost }
}

/** The server's sessions of a host's own connections. */
const sessions = async ({ sql }: ReturnType<typeof openDatabase>): Promise<number> =>
  (await sql`select from pg_stat_activity where datname = current_database() and application_name = 'chat-plugin-host'`)
    .count
