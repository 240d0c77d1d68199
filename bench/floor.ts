import { createPublicKey, generateKeyPairSync, sign, verify } from 'node:crypto'
import { EventEmitter } from 'node:events'
import { Logger, run, type WorkerEvents } from 'graphile-worker'
import { openPool } from '../src/postgres/connect.ts'
import { round } from './measure.ts'
import type { Stage } from './stage.ts'

/** The machine's own figures, so that every other figure can be read as a ratio to them. */
export interface Floor {
  /** Empty jobs a second that a bare graphile-worker drains. */
  jobs: number
  /** Microseconds of one RS512 verification. */
  verifyUs: number
  /** Rows a second of bare inserts, 500 at a time. */
  inserts: number
}

const VERIFICATIONS = 5_000
const BATCH = 500

export async function measureFloor(stage: Stage, jobs: number): Promise<Floor> {
  return { jobs: await drainJobs(stage, jobs), verifyUs: verifyUs(), inserts: await insertRows(stage, jobs) }
}

async function drainJobs(stage: Stage, count: number): Promise<number> {
  const { url, sql } = await stage.database()
  await sql`select graphile_worker.add_jobs(array(
    select row('empty', '{}'::json, null, null, 3, null, null, null)::graphile_worker.job_spec from generate_series(1, ${count}::int)))`
  const pool = openPool(url, 'bench', 10)
  const events: WorkerEvents = new EventEmitter()
  const { promise, resolve } = Promise.withResolvers<void>()
  let done = 0
  const startedAt = performance.now()
  const runner = await run({
    pgPool: pool,
    noHandleSignals: true,
    events,
    logger: new Logger(() => () => {}),
    taskList: {
      empty: () => {
        done += 1
        if (done === count) resolve()
      }
    },
    preset: {
      worker: { concurrentJobs: 24, localQueue: { size: 500 }, completeJobBatchDelay: 0, failJobBatchDelay: 0 }
    }
  })
  await promise
  const took = (performance.now() - startedAt) / 1_000
  await runner.stop()
  await pool.end()
  return round(count / took, 0)
}

function verifyUs(): number {
  const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
  const key = createPublicKey(publicKey.export({ type: 'spki', format: 'pem' }))
  const text = Buffer.alloc(600, 'a')
  const signature = sign('RSA-SHA512', text, privateKey)
  const startedAt = performance.now()
  for (let index = 0; index < VERIFICATIONS; index++) verify('RSA-SHA512', text, key, signature)
  return round(((performance.now() - startedAt) * 1_000) / VERIFICATIONS, 1)
}

async function insertRows(stage: Stage, count: number): Promise<number> {
  const { sql } = await stage.database()
  await sql`create table bare (id bigint primary key generated always as identity, contact text, body json)`
  const rows = Array.from({ length: BATCH }, (_, index) => ({
    contact: `+5511${index}`,
    body: sql.json({ text: 'x'.repeat(80) })
  }))
  const startedAt = performance.now()
  for (let done = 0; done < count; done += BATCH) await sql`insert into bare ${sql(rows)}`
  return round(count / ((performance.now() - startedAt) / 1_000), 0)
}
