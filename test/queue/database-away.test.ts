import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { openPool } from '../../src/postgres/connect.ts'
import { startHeartbeat } from '../../src/queue/heartbeat.ts'
import { startRunner } from '../../src/queue/runner.ts'
import { openDatabase, testDatabase, until } from '../harness.ts'
import { keptLog } from '../log.ts'

/** Jobs that are under way while the database is away. */

/** Living hosts free jobs that were left locked after fifteen seconds. */
const FREED_MS = 60_000

t.setTimeout(180_000)

for (const how of ['fails', 'ends'] as const)
  t.test(`job: one that ${how} while the database is away is run again, and others are not held up`, async t => {
    const { database, away, back } = await world(t)
    const kept = keptLog()
    const log = Fastify({ logger: { level: 'warn', stream: kept.logTo } }).log
    const begun = { stays: 0, long: 0, other: 0 }
    const gate = Promise.withResolvers<void>()
    const end = Promise.withResolvers<void>()
    const pool = openPool(database.url, 'test worker', 7)
    const heartbeat = await startHeartbeat(database, 'host', { log })
    const runner = await startRunner(
      { pool, log, atOnce: 5, ahead: 20, started: heartbeat.watch('jobs') },
      {
        stays: async () => {
          begun.stays += 1
          if (begun.stays > 1) return
          await gate.promise
          if (how === 'fails') throw new Error('the database is away')
        },
        long: async () => {
          begun.long += 1
          await end.promise
        },
        other: async () => {
          begun.other += 1
        }
      },
      []
    )
    t.teardown(async () => {
      end.resolve()
      await runner.stop()
      await heartbeat.stop()
      await pool.end()
    })
    const add = (task: string, { sql } = database) =>
      sql`select graphile_worker.add_job(${task}, '{}'::json, max_attempts := 32767)`
    const open = async (task: string, { sql }: typeof database) =>
      (await sql`select from graphile_worker.jobs where task_identifier = ${task}`).count

    await add('stays')
    await add('long')
    await until('both jobs to begin', async () => begun.stays + begun.long === 2)
    await away()
    gate.resolve()
    await until('the queue to notice', async () => /Failed to (fail|complete) jobs/.test(kept.log()))
    const again = await back()
    await add('other', again)
    await until('another job', async () => begun.other === 1, FREED_MS)
    await until('the job to be over', async () => (await open('stays', again)) === 0, FREED_MS)
    t.ok((await open('long', again)) > 0, 'while one that takes long is still under way')
  })

async function world(t: Test) {
  const url = await testDatabase(t)
  const admin = openDatabase(process.env.TEST_DATABASE_URL as string, 1)
  t.teardown(admin.close)
  const name = new URL(url).pathname.slice(1)
  const database = openDatabase(url)
  t.teardown(database.close)
  return {
    database,
    async away() {
      await admin.sql.unsafe(`alter database ${name} allow_connections false`)
      await admin.sql`select pg_terminate_backend(pid) from pg_stat_activity where datname = ${name}`
    },
    /** With connections of its own: the others may not have heard yet that they are lost. */
    async back() {
      await admin.sql.unsafe(`alter database ${name} allow_connections true`)
      const again = openDatabase(url)
      t.teardown(again.close)
      return again
    }
  }
}
