import { setTimeout as delay } from 'node:timers/promises'
import { round, type Spread, spreadOf } from './measure.ts'
import { type Host, type Stage, startHost } from './stage.ts'

/** Durations of single messages on hosts that are not busy. */
export interface Latency {
  hosts: number
  perSecond: number
  /** From the CRM's post to the call of the gateway. */
  toGateway: Spread
  /** From there to the status that the CRM is told. */
  toCrm: Spread
}

const PER_SECOND = 50

interface Times {
  posted: Map<number, number>
}

export async function measureLatency(stage: Stage, count: number, seconds: number): Promise<Latency> {
  const { driver, gateway, crm, place } = stage
  const { url } = await stage.database()
  const hosts: Host[] = []
  while (hosts.length < count) hosts.push(await startHost(stage, url))
  const messages = PER_SECOND * seconds
  await driver.ask('prepare', { place, from: 0, count: messages, conversations: 500 })
  await gateway.ask('forget')
  await crm.ask('forget')
  const { posted } = await driver.ask<Times>('pace', {
    ports: hosts.map(({ port }) => port),
    perSecond: PER_SECOND,
    count: messages
  })
  while ((await crm.ask<number>('count')) < messages) await delay(20)
  const [arrivals, statuses] = await Promise.all([
    gateway.ask<Map<number, number>>('arrivals'),
    crm.ask<Map<number, number>>('statuses')
  ])
  await Promise.all(hosts.map(host => host.close()))

  const between = (from: Map<number, number>, to: Map<number, number>) =>
    // The first second is that of a host that has just started.
    spreadOf([...from].filter(([number]) => number >= PER_SECOND).map(([number, at]) => (to.get(number) ?? 0) - at))
  return {
    hosts: count,
    perSecond: PER_SECOND,
    toGateway: between(posted, arrivals),
    toCrm: between(arrivals, statuses)
  }
}

/** Messages of customers, from the gateway's call to what the CRM is told. */
export interface Incoming {
  perSecond: number
}

/** Enough messages for each registration, so that the gateway knows all webhooks. */
const WARM_UP = 40

export async function measureIncoming(stage: Stage, seconds: number): Promise<Incoming> {
  const { driver, gateway, crm, place } = stage
  const { url } = await stage.database()
  const host = await startHost(stage, url)
  await gateway.ask('forget')
  await crm.ask('forget')
  await driver.ask('prepare', { place, from: 0, count: WARM_UP, conversations: WARM_UP })
  await driver.ask('pace', { ports: [host.port], perSecond: 100, count: WARM_UP })
  while ((await crm.ask<number>('count')) < WARM_UP) await delay(20)

  const startedAt = performance.now()
  const { count, refused } = await gateway.ask<{ count: number; refused: number }>('report', {
    port: host.port,
    connections: 64,
    seconds
  })
  if (refused > 0) throw new Error(`${refused} calls of the webhook were refused`)
  while ((await crm.ask<number>('incoming')) < count) await delay(20)
  const took = (performance.now() - startedAt) / 1_000
  await host.close()
  return { perSecond: round(count / took, 0) }
}
