import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, isNotNull, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../postgres/connect.ts'
import { hosts } from '../postgres/schema/hosts.ts'
import type { Dispatcher } from './dispatcher.ts'
import type { WorkKind } from './locks.ts'
import { planHandOff } from './rebalance-plan.ts'

/** Every few seconds each host saves its load, and hands registrations off to a less busy one. */

const REBALANCE_EVERY_MS = 5_000
/** A host whose last heartbeat is older, of one every five seconds, may be dead. */
const SILENT_S = 8
/** Rounds until a hand-off shows in the loads of both hosts. */
const PAUSE_ROUNDS = 3

export function startRebalancer(
  { db }: Pick<Database, 'db'>,
  host: string,
  dispatchers: Record<WorkKind, Pick<Dispatcher, 'rates' | 'handOff' | 'adopt'>>,
  log: Pick<FastifyBaseLogger, 'info' | 'error'>
) {
  const over = new AbortController()
  const works = ['send', 'tell'] as const
  const pause = { send: 0, tell: 0 }

  async function round(): Promise<void> {
    const rates = { send: dispatchers.send.rates(), tell: dispatchers.tell.rates() }
    const loads = { send: sum(rates.send), tell: sum(rates.tell) }
    await db.update(hosts).set({ loads }).where(eq(hosts.id, host))
    const all = await db
      .select({ host: hosts.id, loads: hosts.loads })
      .from(hosts)
      .where(and(isNotNull(hosts.loads), sql`${hosts.seenAt} > now() - make_interval(secs => ${SILENT_S})`))
    for (const work of works) {
      // Hand-offs are announced by NOTIFY; read as well, in case the notification was lost.
      await dispatchers[work].adopt()
      if (pause[work] > 0) {
        pause[work] -= 1
        continue
      }
      const plan = planHandOff(
        host,
        all.map(other => ({ host: other.host, perSecond: other.loads?.[work] ?? 0 })),
        rates[work]
      )
      if (!plan) continue
      pause[work] = PAUSE_ROUNDS
      log.info({ event: 'queue.handed_off', work, ...plan }, 'registrations handed off to a less busy host')
      dispatchers[work].handOff(plan.registrationIds, plan.to)
    }
  }

  async function rounds(): Promise<void> {
    while (!over.signal.aborted) {
      await delay(REBALANCE_EVERY_MS, undefined, { signal: over.signal, ref: false }).catch(() => {})
      if (!over.signal.aborted)
        await round().catch(error => log.error({ event: 'queue.rebalance_failed', err: error }, 'rebalance failed'))
    }
  }
  const ended = rounds()

  return {
    adopt: (work: WorkKind): void => {
      dispatchers[work]
        .adopt()
        .catch(error =>
          log.error({ event: 'queue.hand_off_failed', err: error }, 'hand-off could not be taken on; tried again')
        )
    },
    async stop(): Promise<void> {
      over.abort()
      await ended
    }
  }
}

const sum = (rates: ReadonlyMap<number, number>) =>
  Math.round([...rates.values()].reduce((total, rate) => total + rate, 0))
