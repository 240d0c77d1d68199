import { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { Logger, parseCronItems, type Runner, run, type TaskList, type WorkerEvents } from 'graphile-worker'
import type { Pool } from 'pg'

/** Something done at times of a crontab pattern, by one host of all. */
export interface Cron {
  name: string
  pattern: string
  run: () => Promise<void>
}

interface Parts {
  pool: Pool
  log: FastifyBaseLogger
  /** Jobs at the same time. */
  atOnce: number
  /** Jobs fetched together, ahead of their being run; 0: each when there is room for it, so that all hosts share them. */
  ahead: number
  /** Told the name under which the runner locks jobs. */
  started: (pool: string) => Promise<void>
}

/** How long a job whose time comes waits at most to be noticed; a new one is announced. */
const POLL_MS = 500

async function runOnce(
  { pool, log, atOnce, ahead, started }: Parts,
  tasks: TaskList,
  crons: readonly Cron[]
): Promise<Runner> {
  const events: WorkerEvents = new EventEmitter()
  const named = Promise.withResolvers<string>()
  events.once('pool:create', ({ workerPool }) => named.resolve(workerPool.id))

  const runner = await run({
    pgPool: pool,
    taskList: { ...tasks, ...Object.fromEntries(crons.map(({ name, run }) => [name, run])) },
    parsedCronItems: parseCronItems(
      crons.map(({ name, pattern }) => ({ task: name, match: pattern, options: { backfillPeriod: 0, maxAttempts: 1 } }))
    ),
    noHandleSignals: true,
    preset: {
      worker: {
        concurrentJobs: atOnce,
        pollInterval: POLL_MS,
        ...(ahead > 0 ? { localQueue: { size: ahead } } : {}),
        completeJobBatchDelay: 0,
        failJobBatchDelay: 0
      }
    },
    events,
    logger: new Logger(() => (level, message, meta) => {
      // Short statements share few connections on purpose.
      if (!message.includes('maxPoolSize')) log[LEVELS[level]]({ ...meta }, message)
    })
  })
  await started(await named.promise)
  return runner
}

/** How soon a runner that gave up is replaced. */
const AGAIN_MS = 1_000

/**
 * Runs jobs until it is stopped. The library's runner gives up when the database
 * refuses it once at the wrong moment, and the host would go on without one.
 */
export async function startRunner(
  parts: Parts,
  tasks: TaskList,
  crons: readonly Cron[]
): Promise<{ stop(): Promise<void> }> {
  const over = new AbortController()
  let runner = await runOnce(parts, tasks, crons)

  async function again(): Promise<Runner> {
    await delay(AGAIN_MS, undefined, { signal: over.signal })
    const next = await runOnce(parts, tasks, crons).catch(again)
    if (over.signal.aborted) await next.stop()
    return next
  }

  const ended = (async () => {
    for (;;) {
      await runner.promise.catch(error => parts.log.warn({ err: error }, 'the runner of jobs gave up'))
      runner = await again()
    }
  })().catch(() => {})

  return {
    async stop() {
      over.abort()
      // It may have stopped by itself just now.
      await runner.stop().catch(() => {})
      await ended
    }
  }
}

/** The queue tells of every job at its level of information. */
const LEVELS = { error: 'error', warning: 'warn', info: 'debug', debug: 'trace' } as const
