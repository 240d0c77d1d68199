import { setTimeout as delay } from 'node:timers/promises'
import t, { type Test } from 'tap'
import type { WorkKind } from '../../src/queue/locks.ts'
import { createWorkNotifier, listenForWork } from '../../src/queue/work-notify.ts'
import { type Database, openDatabase, testDatabase, until } from '../harness.ts'

t.test('notification: a host that stores a little notifies the others, and not itself', async t => {
  const database = await opened(t)
  await live(database, 'a', 'b', 'c')
  const [a, b, c] = [await hearing(t, database, 'a'), await hearing(t, database, 'b'), await hearing(t, database, 'c')]
  createWorkNotifier(database, 'a')('send', 1)
  await until('both others to hear', async () => b.length > 0 && c.length > 0)
  // Other users of the database may notify anything.
  await database.sql`select pg_notify('work', 'nonsense'), pg_notify('work', '')`
  createWorkNotifier(database, 'b')('tell', 2)
  await until('all others to hear', async () => a.length > 0 && c.length > 1)
  t.same({ a, b, c }, { a: ['tell'], b: ['send'], c: ['send', 'tell'] })
})

t.test('notification: a host that is alone, or stores much, sends none', async t => {
  const database = await opened(t)
  const heard = await hearing(t, database, 'b')
  await live(database, 'a')
  createWorkNotifier(database, 'a')('send', 1)
  await settled(database)
  await live(database, 'b')
  createWorkNotifier(database, 'a')('send', 100)
  await settled(database)
  createWorkNotifier(database, 'a')('tell', 1)
  await until('the last one to be heard', async () => heard.length > 0)
  t.same(heard, ['tell'])
})

t.test('notification: a host that has enough to do gets none of that kind of work', async t => {
  const database = await opened(t)
  const { sql } = database
  await live(database, 'a', 'b')
  await sql`update hosts set loads = ${sql.json({ send: 500, tell: 99 })} where id = 'b'`
  const heard = await hearing(t, database, 'b')
  const ring = createWorkNotifier(database, 'a')
  ring('send', 1)
  await settled(database)
  ring('tell', 1)
  await until('the other kind to be heard', async () => heard.length > 0)
  t.same(heard, ['tell'])

  await sql`update hosts set loads = ${sql.json({ send: 0, tell: 0 })} where id = 'b'`
  await until('it to be rung once it has little to do', async () => {
    ring('send', 1)
    return heard.includes('send')
  })
})

t.test('notification: a host whose connection was lost listens again', async t => {
  const database = await opened(t)
  await live(database, 'a', 'b')
  const heard = await hearing(t, database, 'b')
  await database.sql`
    select pg_terminate_backend(pid) from pg_stat_activity
    where datname = current_database() and application_name like '% work'`
  await until('it to listen again', async () => {
    createWorkNotifier(database, 'a')('send', 1)
    await delay(20)
    return heard.length > 0
  })
  t.equal(heard[0], 'send')
})

async function opened(t: Test): Promise<Database> {
  const database = openDatabase(await testDatabase(t))
  t.teardown(database.close)
  return database
}

const live = (database: Database, ...ids: string[]) =>
  database.sql`insert into hosts ${database.sql(ids.map(id => ({ id, pools: [] })))} on conflict do nothing`

async function hearing(t: Test, database: Database, host: string): Promise<WorkKind[]> {
  const heard: WorkKind[] = []
  t.teardown(await listenForWork(database, host, { stored: work => heard.push(work), handedOff: () => {} }))
  return heard
}

/** All that was asked of the database before has been answered. */
const settled = ({ pool }: Database) =>
  until('the database to be idle', async () => pool.idleCount === pool.totalCount && pool.waitingCount === 0)
