import t from 'tap'
import { lotTask } from '../../src/lots/task.ts'
import { build, lotGateway } from './gateway.ts'

type Built = Awaited<ReturnType<typeof build>>

t.test('a job that comes while its lot is being let go is not lost', async t => {
  const { host, sql } = await build(t, lotGateway({ windowMs: 60_000 }), { LV_PLUGIN_ROLES: 'web' })
  const [lot] = await sql`
    insert into lots (registration_id, name, key, hash, seals_at)
    select id, 'one', '{}', 'one', now() + interval '1 hour' from registrations returning id`
  const jobs = () => sql`select payload from graphile_worker._private_jobs`

  const { db } = host.database
  let released = false
  const slow = Object.assign(Object.create(db) as typeof db, {
    // The database has let go of the lot, and the queue is quicker with its next job than with saying so.
    transaction: async (work: Parameters<typeof db.transaction>[0]) => {
      const result = await db.transaction(work)
      if (!released) {
        released = true
        await sql`delete from graphile_worker._private_jobs`
        await task({ lot: Number(lot?.id) })
      }
      return result
    }
  })
  const task = taskOf(host, slow)
  await task({ lot: Number(lot?.id) })

  t.ok(released)
  t.same(await jobs(), [{ payload: { lot: Number(lot?.id) } }])
  t.match(await sql`select state, host from lots`, [{ state: 'collecting', host: null }])
})

t.test(
  'a job that comes to one host while another has the lot is kept, as that one may have failed in the midst',
  async t => {
    const { host, sql } = await build(t, lotGateway(), { LV_PLUGIN_ROLES: 'web' })
    await sql`insert into hosts (id, pools) values ('another host', '{}')`
    const [lot] = await sql`
    insert into lots (registration_id, name, key, hash, seals_at, host)
    select id, 'one', '{}', 'one', now() + interval '1 hour', 'another host' from registrations returning id`
    const jobs = () => sql`select payload, run_at > now() later from graphile_worker._private_jobs`
    const task = taskOf(host, host.database.db)

    await task({ lot: Number(lot?.id) })
    t.same(await jobs(), [{ payload: { lot: Number(lot?.id) }, later: true }])
    t.match(
      await sql`select state, host from lots`,
      [{ state: 'collecting', host: 'another host' }],
      'nobody touched it'
    )

    await sql`update lots set ended_at = now()`
    await sql`delete from graphile_worker._private_jobs`
    await task({ lot: Number(lot?.id) })
    t.same(await jobs(), [], 'but not for one that is over')
  }
)

t.test('a lot in the midst of which the database went away is given back as soon as it is there again', async t => {
  const { host, sql } = await build(t, lotGateway(), { LV_PLUGIN_ROLES: 'web' })
  const [lot] = await sql`
    insert into lots (registration_id, name, key, hash, seals_at)
    select id, 'one', '{}', 'one', now() - interval '1 second' from registrations returning id`
  const { db } = host.database
  let failures = 0
  const failing = Object.assign(Object.create(db) as typeof db, {
    transaction: async (work: Parameters<typeof db.transaction>[0]) => {
      failures += 1
      if (failures < 3) throw new Error('the database is away')
      return db.transaction(work)
    }
  })

  // The queue could not be told of a failure, and would keep the job for hours.
  await taskOf(host, failing)({ lot: Number(lot?.id) })
  t.equal(failures, 3)
  t.match(await sql`select state, host from lots`, [{ state: 'collecting', host: null }])
  t.same(await sql`select payload, run_at > now() later from graphile_worker._private_jobs`, [
    { payload: { lot: Number(lot?.id) }, later: true }
  ])
})

const taskOf = ({ ready }: Built['host'], db: Built['host']['database']['db']) =>
  lotTask({
    database: { db },
    ready,
    policy: { attempts: 3, intervalMs: 100, timeoutMs: 1_000 },
    now: () => new Date(),
    host: 'a host',
    interrupted: new AbortController().signal,
    log: { warn: () => {} }
  })
