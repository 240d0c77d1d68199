import type { FastifyBaseLogger } from 'fastify'
import type { TaskList } from 'graphile-worker'
import { APPLICATION, type Database, openPool } from '../postgres/connect.ts'
import { startPump } from './dispatcher.ts'
import { startLiveness } from './heartbeat.ts'
import type { Jobs } from './jobs.ts'
import { startBalance } from './rebalancer.ts'
import { type Cron, startRunner } from './runner.ts'
import { hearRings, type Ring } from './work-notify.ts'
import type { Item, Limits, Line } from './work-source.ts'

export interface Parts<Sent extends Item, SendEnd, Told extends Item, TellEnd> {
  database: Database
  /** The name of this host. */
  host: string
  ring: Ring
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
/** Short statements about jobs, and two connections to listen. */
const CONNECTIONS = 7
/** Most jobs that are only wake-ups end at once; the others wait for gateways. */
const WAKE_UPS = { atOnce: 20, ahead: 100 }
/** Files come slowly, and nothing else is to wait for them. */
const FILES = { atOnce: 10, ahead: 0 }

export interface Worker {
  /** Something was stored in this process: no need to wait until it is found. */
  nudge(work: 'send' | 'tell'): void
  /** Why nothing is worked on, while that is so. */
  trouble(): string | undefined
  /** Takes nothing more, lets end what is in hand, and leaves the rest to other hosts. */
  close(): Promise<void>
}

export async function startWorker<Sent extends Item, SendEnd, Told extends Item, TellEnd>(
  parts: Parts<Sent, SendEnd, Told, TellEnd>
): Promise<Worker> {
  const { database, host, log, tasks, crons } = parts
  const pool = openPool(database.url, `${APPLICATION} worker`, CONNECTIONS)

  const liveness = await startLiveness(database, host, log)
  const tell = startPump(parts.news, TELL, log)
  const messages: typeof parts.messages = {
    ...parts.messages,
    async turn(done, wants, inHand) {
      const taken = await parts.messages.turn(done, wants, inHand)
      // The CRM hears of what ended.
      if (done.length > 0) {
        tell.nudge()
        parts.ring('tell', done.length)
      }
      return taken
    }
  }
  const pumps = { send: startPump(messages, { total: parts.sendLimit, group: parts.sendLimit }, log), tell }
  const wakeUps = {
    send: async ({ registration }: Jobs['send']) => pumps.send.take(registration),
    tell: async ({ registration }: Jobs['tell']) => pumps.tell.take(registration)
  }
  const balance = startBalance(database, host, pumps, log)
  let deafen = async () => {}
  const stop = async () => {
    await deafen()
    await balance.stop()
    // What cannot end in order keeps the others from nothing.
    const ends = await Promise.allSettled(Object.values(pumps).map(pump => pump.stop(parts.graceMs)))
    ends.push(...(await Promise.allSettled([liveness.stop()])))
    await pool.end()
    for (const end of ends) if (end.status === 'rejected') throw end.reason
  }
  const { media, ...others } = tasks
  const runners: { stop(): Promise<void> }[] = []
  const begin = async (name: string, how: typeof FILES, list: object, crons: readonly Cron[]) => {
    const parts = { pool, log, ...how, started: liveness.watch(name) }
    runners.push(await startRunner(parts, list as TaskList, crons))
  }
  const end = async () => {
    await Promise.all(runners.map(runner => runner.stop()))
    await stop()
  }
  try {
    deafen = await hearRings(database, host, {
      heard: work => pumps[work].nudge(),
      given: balance.adopt
    })
    await begin('wake-ups', WAKE_UPS, { ...wakeUps, ...others }, crons)
    await begin('files', FILES, { media }, [])
  } catch (error) {
    await end()
    throw error
  }

  return {
    nudge: work => pumps[work].nudge(),
    trouble() {
      if (pumps.send.isStuck()) return 'Messages are taken and not sent: turns of the queue keep failing'
      return pumps.tell.isStuck() ? 'CRMs are told nothing: turns of the queue keep failing' : undefined
    },
    close: end
  }
}
