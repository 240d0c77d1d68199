import { setTimeout as delay } from 'node:timers/promises'
import { and, eq, isNotNull, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../postgres/connect.ts'
import { hosts } from '../postgres/schema/schema.ts'
import type { WorkKind } from './conversations.ts'
import type { Dispatcher } from './dispatcher.ts'
import { planHandOff } from './rebalance-plan.ts'

/** Every few seconds each host says how busy it is, and gives to one that is less so. */

const EVERY_MS = 5_000
/** Who has said nothing for longer, and speaks every five seconds, may be dead. */
const SILENT_S = 8
/** Rounds until what was given shows in what both say. */
const PAUSE_ROUNDS = 3

export function startRebalancer(
  { db }: Pick<Database, 'db'>,
  host: string,
  dispatchers: Record<WorkKind, Pick<Dispatcher, 'rates' | 'hand' | 'adopt'>>,
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
      // Rung for, but who does not hear should not have them for nothing.
      await dispatchers[work].adopt()
      if (pause[work] > 0) {
        pause[work] -= 1
        continue
      }
      const given = planHandOff(
        host,
        all.map(one => ({ host: one.host, perSecond: one.loads?.[work] ?? 0 })),
        rates[work]
      )
      if (!given) continue
      pause[work] = PAUSE_ROUNDS
      log.info({ event: 'queue.handed_off', work, ...given }, 'registrations handed off to a less busy host')
      dispatchers[work].hand(given.registrationIds, given.to)
    }
  }

  async function rounds(): Promise<void> {
    while (!over.signal.aborted) {
      await delay(EVERY_MS, undefined, { signal: over.signal, ref: false }).catch(() => {})
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

const sum = (rates: ReadonlyMap<number, number>) => Math.round([...rates.values()].reduce((all, one) => all + one, 0))
