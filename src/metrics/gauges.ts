import { Gauge, type Registry } from 'prom-client'
import { LOT_STATES } from '../lots/lot-state.ts'
import { type Figures, REGISTRATION_STATES } from './figures.ts'
import { OTHER } from './labels.ts'
import type { SharedFigures } from './shared-figures.ts'

/** Gauges: of the database, by the figures that one host reads for all, and of the pools of this process. */

/** Older figures are left out: whoever watches is to see that there are none, and not that all is as it was. */
const STALE_S = 60

export interface PoolUse {
  name: string
  pool: { totalCount: number; idleCount: number; waitingCount: number }
}

interface Deps {
  registry: Registry
  mounted: readonly string[]
  figures: SharedFigures
  pools: readonly PoolUse[]
}

/** Answers the function that brings the gauges up to date before a scrape. */
export function createGauges({ registry, mounted, figures: shared, pools }: Deps): () => Promise<void> {
  const gauge: NewGauge = (name, help, labelNames = []) => new Gauge({ name, help, labelNames, registers: [registry] })
  const age = gauge('chat_gauges_age_seconds', 'Time since the gauges of the database were read')
  const showPools = createPoolGauges(gauge, pools)
  const showFigures = createFigureGauges(gauge, mounted)
  return async () => {
    showPools()
    const known = await shared.now()
    age.set(known.age)
    showFigures(known.age > STALE_S ? undefined : known.figures)
  }
}

type NewGauge = (name: string, help: string, labelNames?: string[]) => Gauge

function createPoolGauges(gauge: NewGauge, pools: readonly PoolUse[]): () => void {
  const connections = gauge('chat_pool_connections', 'Connections to the database, by their pool', ['pool', 'state'])
  const queued = gauge('chat_pool_waiting', 'Requests for a connection that wait for one', ['pool'])
  return () => {
    for (const { name, pool } of pools) {
      connections.set({ pool: name, state: 'used' }, pool.totalCount - pool.idleCount)
      connections.set({ pool: name, state: 'idle' }, pool.idleCount)
      queued.set({ pool: name }, pool.waitingCount)
    }
  }
}

function createFigureGauges(gauge: NewGauge, mounted: readonly string[]): (figures: Figures | undefined) => void {
  const waiting = gauge('chat_waiting', 'Messages that are not settled, of all hosts', ['channel', 'class'])
  const oldest = gauge(
    'chat_oldest_waiting_seconds',
    'Time for which the message that is due the longest has been due; those of paused registrations are not',
    ['channel']
  )
  const outboxWaiting = gauge('chat_outbox_waiting', 'Outbox items that are not settled, of all hosts')
  const outboxOldest = gauge(
    'chat_outbox_oldest_seconds',
    'Age of the oldest outbox item that a CRM is offered; those of archived registrations are not'
  )
  const lots = gauge('chat_lots', 'Lots that are open, and those that ended within the last hour', ['state'])
  const registrations = gauge('chat_registrations', 'Registrations by what they are now', ['channel', 'state'])
  const hosts = gauge('chat_hosts', 'Hosts that work on the queue and live')
  const names = new Set(mounted)
  const bounded = (channel: string) => (names.has(channel) ? channel : OTHER)

  const zero = () => {
    for (const channel of mounted) {
      for (const lane of ['normal', 'bulk']) waiting.set({ channel, class: lane }, 0)
      oldest.set({ channel }, 0)
      for (const state of REGISTRATION_STATES) registrations.set({ channel, state }, 0)
    }
    for (const state of LOT_STATES) lots.set({ state }, 0)
  }
  const show = (figures: Figures) => {
    for (const { channel, class: lane, count } of figures.waiting)
      waiting.inc({ channel: bounded(channel), class: lane }, count)
    for (const { channel, seconds } of figures.oldest.toSorted((a, b) => a.seconds - b.seconds))
      oldest.set({ channel: bounded(channel) }, seconds)
    for (const { channel, state, count } of figures.registrations)
      registrations.inc({ channel: bounded(channel), state }, count)
    for (const { state, count } of figures.lots) lots.set({ state }, count)
    outboxWaiting.set(figures.outbox.waiting)
    outboxOldest.set(figures.outbox.oldest)
    hosts.set(figures.hosts)
  }

  return figures => {
    for (const one of [waiting, oldest, lots, registrations]) one.reset()
    // A gauge without labels shows a zero unless it is removed.
    for (const one of [outboxWaiting, outboxOldest, hosts]) one.remove()
    if (!figures) return
    zero()
    show(figures)
  }
}
