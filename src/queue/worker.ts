import type { FastifyBaseLogger } from 'fastify'
import type { TaskList } from 'graphile-worker'
import type { Pool } from 'pg'
import { APPLICATION, type Database, openPool } from '../postgres/connect.ts'
import { startDispatcher } from './dispatcher.ts'
import { startHeartbeat } from './heartbeat.ts'
import type { Jobs } from './jobs.ts'
import type { AboutHost } from './own-load.ts'
import { startRebalancer } from './rebalancer.ts'
import { type Cron, startRunner } from './runner.ts'
import { listenForWork, type NotifyWork } from './work-notify.ts'
import type { DispatchLimits, QueueItem, WorkSource } from './work-source.ts'

export interface WorkerDeps<Sent extends QueueItem, SendEnd, Told extends QueueItem, TellEnd> {
  database: Database
  /** The name of this host. */
  host: string
  notifyWork: NotifyWork
  messages: WorkSource<Sent, SendEnd>
  news: WorkSource<Told, TellEnd>
  tasks: { [Task in Exclude<keyof Jobs, 'send' | 'tell'>]: (payload: Jobs[Task]) => Promise<void> }
  crons: readonly Cron[]
  /** Messages in flight at the same time. */
  sendLimit: number
  /** Items in hand have so long to end when the host stops. */
  graceMs: number
  log: FastifyBaseLogger
  about?: AboutHost
}

/** Outbox items are limited per cluster only, so that a slow cluster does not hold up the others. */
const TELL: DispatchLimits = { total: Number.POSITIVE_INFINITY, group: 64 }
/** Connections for short statements about jobs, and two to listen. */
const JOB_CONNECTIONS = 7
/** Jobs that are mostly wake-ups, which end at once; the others wait for gateways. */
const WAKE_UPS = { atOnce: 20, ahead: 100 }
/** Jobs that fetch files have a runner of their own: files come slowly, and no other job is to wait for them. */
const FILES = { atOnce: 10, ahead: 0 }

export interface Worker {
  /** Its connections, beside those of the host. */
  pool: Pool
  /** Starts a turn for items that this process has stored, instead of waiting for the next poll. */
  nudge(work: 'send' | 'tell'): void
  /** The reason why nothing is worked on; undefined otherwise. */
  problem(): string | undefined
  /** Drains: takes no more items, waits for those in hand, and releases all claims for other hosts. */
  close(): Promise<void>
}

export async function startWorker<Sent extends QueueItem, SendEnd, Told extends QueueItem, TellEnd>(
  parts: WorkerDeps<Sent, SendEnd, Told, TellEnd>
): Promise<Worker> {
  const { database, host, log, tasks, crons } = parts
  const pool = openPool(database.url, `${APPLICATION} worker`, JOB_CONNECTIONS)

  let sending = () => 0
  const heartbeat = await startHeartbeat(database, host, { log, about: parts.about, sending: () => sending() })
  const tell = startDispatcher(parts.news, TELL, log)
  const messages: typeof parts.messages = {
    ...parts.messages,
    async settleAndClaim(done, wants, inHand) {
      const taken = await parts.messages.settleAndClaim(done, wants, inHand)
      // Settled messages have added outbox items.
      if (done.length > 0) {
        tell.nudge()
        parts.notifyWork('tell', done.length)
      }
      return taken
    }
  }
  const dispatchers = { send: startDispatcher(messages, { total: parts.sendLimit, group: parts.sendLimit }, log), tell }
  sending = dispatchers.send.busy
  const wakeUps = {
    send: async ({ registration }: Jobs['send']) => dispatchers.send.take(registration),
    tell: async ({ registration }: Jobs['tell']) => dispatchers.tell.take(registration)
  }
  const rebalancer = startRebalancer(database, host, dispatchers, log)
  let stopListening = async () => {}
  const stop = async () => {
    await stopListening()
    await rebalancer.stop()
    // Every part is closed even if one fails; the first error is thrown afterwards.
    const ends = await Promise.allSettled(Object.values(dispatchers).map(dispatcher => dispatcher.stop(parts.graceMs)))
    ends.push(...(await Promise.allSettled([heartbeat.stop()])))
    await pool.end()
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
  const { media, ...others } = tasks
  const runners: { stop(): Promise<void> }[] = []
  const begin = async (name: string, how: typeof FILES, list: object, crons: readonly Cron[]) => {
    const parts = { pool, log, ...how, started: heartbeat.watch(name) }
    runners.push(await startRunner(parts, list as TaskList, crons))
  }
  const end = async () => {
    await Promise.all(runners.map(runner => runner.stop()))
    await stop()
  }
  try {
    stopListening = await listenForWork(database, host, {
      stored: work => dispatchers[work].nudge(),
      handedOff: rebalancer.adopt
    })
    await begin('wake-ups', WAKE_UPS, { ...wakeUps, ...others }, crons)
    await begin('files', FILES, { media }, [])
  } catch (error) {
    await end()
    throw error
  }

  return {
    pool,
    nudge: work => dispatchers[work].nudge(),
    problem() {
      if (dispatchers.send.isStuck()) return 'Nothing is sent: turns of the queue keep failing'
      return dispatchers.tell.isStuck() ? 'CRMs are told nothing: turns of the queue keep failing' : undefined
    },
    close: end
  }
}
