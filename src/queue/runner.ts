import { EventEmitter } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import { Logger, parseCronItems, type Runner, run, type Task, type TaskList, type WorkerEvents } from 'graphile-worker'
import type { Pool } from 'pg'
import { withoutValues } from '../postgres/errors-without-values.ts'

/** A task that runs at the times of a crontab pattern, in one host of all. */
export interface Cron {
  name: string
  pattern: string
  run: () => Promise<void>
}

interface Deps {
  pool: Pool
  log: FastifyBaseLogger
  /** Jobs at the same time. */
  atOnce: number
  /** Jobs fetched together before they run; 0: each job when there is room for it, so that all hosts share them. */
  ahead: number
  /** Called with the name under which the runner locks jobs. */
  started: (pool: string) => Promise<void>
}

/** A job whose time comes is noticed within this time; a new job is announced. */
const POLL_MS = 500

async function runOnce(
  { pool, log, atOnce, ahead, started }: Deps,
  tasks: TaskList,
  crons: readonly Cron[]
): Promise<Running> {
  const events: WorkerEvents = new EventEmitter()
  const named = Promise.withResolvers<string>()
  events.once('pool:create', ({ workerPool }) => named.resolve(workerPool.id))

  const runner = await run({
    pgPool: pool,
    taskList: discreetTasks({ ...tasks, ...Object.fromEntries(crons.map(({ name, run }) => [name, run])) }),
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
  const ended = runner.promise.catch(error =>
    log.warn({ event: 'jobs.runner_failed', err: error }, 'job runner gave up; replaced')
  )
  const givesUp = new Promise<void>(resolve => events.once('pool:gracefulShutdown', () => resolve()))
  await started(await named.promise)
  return { runner, ended, over: Promise.race([ended, givesUp]) }
}

/** Tasks whose errors lose their values, since graphile-worker logs them and keeps them in the job. */
const discreetTasks = (tasks: TaskList): TaskList =>
  Object.fromEntries(
    Object.entries(tasks).map(([name, task]) => [
      name,
      (...given: Parameters<Task>) =>
        Promise.try(() => (task as Task)(...given)).catch(error => {
          throw withoutValues(error)
        })
    ])
  )

interface Running {
  runner: Runner
  /** The runner takes no more jobs. */
  over: Promise<unknown>
  /** The runner's jobs are over, too. */
  ended: Promise<unknown>
}

/** A runner that gave up is replaced after so long. */
const REPLACE_AFTER_MS = 1_000

/**
 * Runs jobs until it is stopped. The library's runner gives up when the database refuses it once at the wrong moment,
 * and the host would go on without a runner. It waits for its jobs, which may take an hour, so it is replaced before
 * they end. Its jobs then count as left behind, and are begun again.
 */
export async function startRunner(
  deps: Deps,
  tasks: TaskList,
  crons: readonly Cron[]
): Promise<{ stop(): Promise<void> }> {
  const over = new AbortController()
  const running = new Set<Running>()
  const begin = async (): Promise<Running> => {
    const runner = await runOnce(deps, tasks, crons)
    running.add(runner)
    void runner.ended.then(() => running.delete(runner))
    return runner
  }
  let last = await begin()

  async function again(): Promise<Running> {
    await delay(REPLACE_AFTER_MS, undefined, { signal: over.signal })
    const next = await begin().catch(again)
    if (over.signal.aborted) await stop(next)
    return next
  }

  const ended = (async () => {
    for (;;) {
      await last.over
      last = await again()
    }
  })().catch(() => {})

  return {
    async stop() {
      over.abort()
      await Promise.all([...running].map(stop))
      await ended
    }
  }
}

/** Stops a runner; if it has given up by itself, only waits for its jobs. */
async function stop({ runner, ended }: Running): Promise<void> {
  await runner.stop().catch(() => {})
  await ended
}

/** Log levels of graphile-worker's: it logs every job as information. */
const LEVELS = { error: 'error', warning: 'warn', info: 'debug', debug: 'trace' } as const
