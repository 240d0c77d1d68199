import type { FastifyBaseLogger } from 'fastify'
import type { TaskList } from 'graphile-worker'
import { Pool } from 'pg'
import { APPLICATION, type Database } from '../database/connect.ts'
import type { Jobs } from '../database/jobs.ts'
import { startLiveness } from './liveness.ts'
import { type Cron, startLane } from './runner.ts'

export type Tasks = { [Task in keyof Jobs]: (payload: Jobs[Task]) => Promise<void> }

interface Parts {
  database: Database
  tasks: Tasks
  crons: readonly Cron[]
  /** Messages in flight at the same time. */
  sendLimit: number
  log: FastifyBaseLogger
}

/** Conversations that the CRM is told of at the same time. */
const TELL_LIMIT = 50
const REST_LIMIT = 10
/** One a lane to listen, the rest for short statements about jobs. */
const CONNECTIONS = 12

export interface Worker {
  /** Lets the jobs in hand end, and takes no more. */
  close(): Promise<void>
}

export async function startWorker({ database, tasks, crons, sendLimit, log }: Parts): Promise<Worker> {
  const liveness = startLiveness(database, log)
  const { send, tell, ...rest } = tasks
  const pool = new Pool({ connectionString: database.url, max: CONNECTIONS, application_name: `${APPLICATION} worker` })
  const lost = (error: Error) => log.warn({ err: error }, 'a connection of the queue was lost')
  pool.on('error', lost).on('connect', client => client.on('error', lost))
  const parts = { pool, log, started: liveness.watch }
  const lanes = await Promise.all([
    startLane(parts, { tasks: { send } as TaskList, concurrency: sendLimit }),
    startLane(parts, { tasks: { tell } as TaskList, concurrency: TELL_LIMIT }),
    startLane(parts, { tasks: rest as TaskList, concurrency: REST_LIMIT, crons })
  ])

  return {
    async close() {
      await Promise.all(lanes.map(lane => lane.stop()))
      await liveness.stop()
      await pool.end()
    }
  }
}
