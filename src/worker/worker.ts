import type { FastifyBaseLogger } from 'fastify'
import type { TaskList } from 'graphile-worker'
import { APPLICATION, type Database, openPool } from '../database/connect.ts'
import type { Jobs } from '../database/jobs.ts'
import { startLiveness } from './liveness.ts'
import { type Item, type Limits, type Line, startPump } from './pump.ts'
import { type Cron, startRunner } from './runner.ts'

export interface Parts<Sent extends Item, SendEnd, Told extends Item, TellEnd> {
  database: Database
  /** The name of this host. */
  host: string
  messages: Line<Sent, SendEnd>
  news: Line<Told, TellEnd>
  tasks: { [Task in Exclude<keyof Jobs, 'send' | 'tell'>]: (payload: Jobs[Task]) => Promise<void> }
  crons: readonly Cron[]
  /** Messages in flight at the same time. */
  sendLimit: number
  /** How long what is in hand may take to end when the host stops. */
  graceMs: number
  log: FastifyBaseLogger
}

/** One slow cluster does not keep the others from hearing, so their number is not limited. */
const TELL: Limits = { total: Number.POSITIVE_INFINITY, group: 64 }
/** Short statements about jobs, and one connection to listen. */
const CONNECTIONS = 6

export interface Worker {
  /** Something was stored in this process: no need to wait until it is found. */
  nudge(work: 'send' | 'tell'): void
  /** Takes nothing more, lets end what is in hand, and leaves the rest to other hosts. */
  close(): Promise<void>
}

export async function startWorker<Sent extends Item, SendEnd, Told extends Item, TellEnd>(
  parts: Parts<Sent, SendEnd, Told, TellEnd>
): Promise<Worker> {
  const { database, host, log, tasks, crons } = parts
  const pool = openPool(database.url, `${APPLICATION} worker`, CONNECTIONS)

  const liveness = await startLiveness(database, host, log)
  const pumps = {
    send: startPump(parts.messages, { total: parts.sendLimit, group: parts.sendLimit }, log),
    tell: startPump(parts.news, TELL, log)
  }
  const wakeUps = {
    send: async ({ registration }: Jobs['send']) => pumps.send.take(registration),
    tell: async ({ registration }: Jobs['tell']) => pumps.tell.take(registration)
  }
  const stop = async () => {
    await Promise.all(Object.values(pumps).map(pump => pump.stop(parts.graceMs)))
    await liveness.stop()
    await pool.end()
  }
  const wired = { ...wakeUps, ...tasks } as TaskList
  const runner = await startRunner({ pool, log, started: liveness.watch }, wired, crons).catch(async error => {
    await stop()
    throw error
  })

  return {
    nudge: work => pumps[work].nudge(),
    async close() {
      await runner.stop()
      await stop()
    }
  }
}
