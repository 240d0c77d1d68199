import { EventEmitter } from 'node:events'
import type { FastifyBaseLogger } from 'fastify'
import { Logger, parseCronItems, type Runner, run, type TaskList, type WorkerEvents } from 'graphile-worker'
import type { Pool } from 'pg'

/** Something done at times of a crontab pattern, by one host of all. */
export interface Cron {
  name: string
  pattern: string
  run: () => Promise<void>
}

/** Tasks with slots of their own, so that gateways that hang do not keep the CRM from hearing, nor the other way round. */
export interface Lane {
  tasks: TaskList
  concurrency: number
  crons?: readonly Cron[]
}

interface Parts {
  pool: Pool
  log: FastifyBaseLogger
  /** Told the id under which the lane locks its jobs. */
  started: (pool: string) => void
}

/** How long a job that is due waits at most to be noticed, when nothing announces it. */
const POLL_MS = 500
/** How long jobs in hand may take to end when the host stops. */
const GRACE_MS = 15_000

export function startLane({ pool, log, started }: Parts, { tasks, concurrency, crons = [] }: Lane): Promise<Runner> {
  const events: WorkerEvents = new EventEmitter()
  events.on('pool:create', ({ workerPool }) => started(workerPool.id))

  return run({
    pgPool: pool,
    taskList: { ...tasks, ...Object.fromEntries(crons.map(({ name, run }) => [name, run])) },
    parsedCronItems: parseCronItems(
      crons.map(({ name, pattern }) => ({ task: name, match: pattern, options: { backfillPeriod: 0, maxAttempts: 1 } }))
    ),
    concurrency,
    pollInterval: POLL_MS,
    noHandleSignals: true,
    gracefulShutdownAbortTimeout: GRACE_MS,
    events,
    logger: new Logger(() => (level, message, meta) => log[LEVELS[level]]({ ...meta }, message))
  })
}

/** The queue tells of every job at its level of information. */
const LEVELS = { error: 'error', warning: 'warn', info: 'debug', debug: 'trace' } as const
