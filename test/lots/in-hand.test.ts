import t from 'tap'
import { lotTask } from '../../src/lots/task.ts'
import { build, lotGateway } from './gateway.ts'

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
  const task = lotTask({
    database: { db: slow },
    ready: host.ready,
    policy: { attempts: 3, intervalMs: 100, timeoutMs: 1_000 },
    now: () => new Date(),
    host: 'a host',
    interrupted: new AbortController().signal,
    log: { warn: () => {} }
  })
  await task({ lot: Number(lot?.id) })

  t.ok(released)
  t.same(await jobs(), [{ payload: { lot: Number(lot?.id) } }])
  t.match(await sql`select state, host from lots`, [{ state: 'collecting', host: null }])
})
