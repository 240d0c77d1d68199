import t from 'tap'
import { lotTask } from '../../src/lots/task.ts'
import { build, lotGateway } from './lot-gateway.ts'

type Built = Awaited<ReturnType<typeof build>>

t.test('job: not lost when it comes while its lot is being released', async t => {
  const { host, sql } = await build(t, lotGateway({ windowMs: 60_000 }), { LV_PLUGIN_ROLES: 'web' })
  const [lot] = await sql`
    insert into lots (registration_id, name, key, hash, seals_at)
    select id, 'one', '{}', 'one', now() + interval '1 hour' from registrations returning id`
  const jobs = () => sql`select payload from graphile_worker._private_jobs`

  const { db } = host.database
  let released = false
  const slow = Object.assign(Object.create(db) as typeof db, {
    // The release is committed, and the next job of the lot comes before the answer of the commit.
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

t.test('job: kept when another host has claimed the lot, as that host may have died in a step', async t => {
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
    'the lot is not touched'
  )

  await sql`update lots set ended_at = now()`
  await sql`delete from graphile_worker._private_jobs`
  await task({ lot: Number(lot?.id) })
  t.same(await jobs(), [], 'but not the job of a lot that has ended')
})

t.test('lot: given back after a failed step, as soon as the database is there again', async t => {
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

  // A job that fails while the database is away would be locked for hours.
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
