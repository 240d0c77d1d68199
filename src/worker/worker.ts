import type { FastifyBaseLogger } from 'fastify'
import type { TaskList } from 'graphile-worker'
import type { Database } from '../database/connect.ts'
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

export interface Worker {
  /** Lets the jobs in hand end, and takes no more. */
  close(): Promise<void>
}

export async function startWorker({ database, tasks, crons, sendLimit, log }: Parts): Promise<Worker> {
  const liveness = startLiveness(database, log)
  const { send, tell, ...rest } = tasks
  const parts = { url: database.url, log, started: liveness.watch }
  const lanes = await Promise.all([
    startLane(parts, { tasks: { send } as TaskList, concurrency: sendLimit }),
    startLane(parts, { tasks: { tell } as TaskList, concurrency: TELL_LIMIT }),
    startLane(parts, { tasks: rest as TaskList, concurrency: REST_LIMIT, crons })
  ])

  return {
    async close() {
      await Promise.all(lanes.map(lane => lane.stop()))
      await liveness.stop()
    }
  }
}
