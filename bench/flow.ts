import { setTimeout as delay } from 'node:timers/promises'
import { type Backlog, fillBacklog, knowConversations } from './backlog.ts'
import { cpuOf } from './costs.ts'
import { outOfOrder, type Times } from './order.ts'
import { round, type Spread, spreadOf } from './spread.ts'
import { type Host, type Stage, startHostProcess } from './stage.ts'

/** Messages from the CRM's post to the status that it is told, as fast as they go through. */
export interface EndToEnd {
  name: string
  perSecond: number
  /** Milliseconds of the processor a message. */
  cpu: { host: number; postgres: number; around: number }
  /** From the 202 to the gateway. */
  queue: Spread
  /** MiB, of the host that had most. */
  memory: number
  /** What it had in the second half of the time, of what it had in the first; medians. */
  grew: number
  outOfOrder: number
  twice: number
  /** Of the rate of the same hosts without what the scene is about, measured in turns with it. */
  ratio?: number
}

export interface Scene {
  name: string
  conversations: number
  hosts?: number
  backlog?: Backlog
  /** Conversations that are known but have nothing to do. */
  known?: number
}

/** What is on its way at most: enough to keep everybody busy, little enough that waiting says something. */
const ON_THE_WAY = 1_500
const CONNECTIONS = 64

type Posted = Pick<Times, 'posted' | 'accepted'>

/** Hosts and a database on which a scene goes on for some seconds, once or more often. */
export interface Flow {
  /** Until all that was posted has come through. */
  go(seconds: number): Promise<void>
  /** The same, of which nothing counts. */
  warmUp(seconds: number): Promise<void>
  measured(): Promise<EndToEnd>
  close(): Promise<unknown>
}

/** Requests have been prepared: all flows that are open share them. */
export async function openFlow(stage: Stage, scene: Scene): Promise<Flow> {
  const { gateway, crm, driver, place } = stage
  const { url, sql } = await stage.database()
  const hosts: Host[] = []
  for (let index = 0; index < (scene.hosts ?? 1); index++) hosts.push(await startHostProcess(stage, url))
  if (scene.known) await knowConversations(sql, scene.known)
  if (scene.backlog) await fillBacklog(sql, scene.backlog)

  const sums = { seconds: 0, done: 0, twice: 0, host: 0, postgres: 0, around: 0 }
  /** Of the first host, while it is busy. */
  const memory: number[] = []
  const times: Posted = { posted: new Map(), accepted: new Map() }

  async function sustain(seconds: number): Promise<Posted> {
    const heard = await crm.ask<number>('count')
    const { refused, ...posted } = await driver.ask<Posted & { refused: number }>('sustain', {
      ports: hosts.map(({ port }) => port),
      connections: CONNECTIONS,
      seconds,
      onTheWay: ON_THE_WAY,
      crmUrl: place.crmUrl
    })
    if (refused > 0) throw new Error(`${refused} messages were refused`)
    while ((await crm.ask<number>('count')) < heard + posted.accepted.size) await delay(20)
    return posted
  }

  return {
    async go(seconds) {
      const [first] = hosts
      const seen = first?.memory.length
      const before = await reading(stage, hosts)
      const startedAt = performance.now()
      const { posted, accepted } = await sustain(seconds)
      sums.seconds += (performance.now() - startedAt) / 1_000
      const after = await reading(stage, hosts)
      memory.push(...(first?.memory.slice(seen) ?? []))
      sums.done += accepted.size
      for (const sum of ['twice', 'host', 'postgres', 'around'] as const) sums[sum] += after[sum] - before[sum]
      times.posted = new Map([...times.posted, ...posted])
      times.accepted = new Map([...times.accepted, ...accepted])
    },

    warmUp: async seconds => void (await sustain(seconds)),

    async measured() {
      const arrived = await gateway.ask<Map<number, number>>('arrivals')
      const waits = [...times.accepted].map(([number, at]) => Math.max(0, (arrived.get(number) ?? at) - at))
      return {
        name: scene.name,
        perSecond: round(sums.done / sums.seconds, 0),
        cpu: {
          host: round(sums.host / sums.done, 3),
          postgres: round(sums.postgres / sums.done, 3),
          around: round(sums.around / sums.done, 3)
        },
        queue: spreadOf(waits),
        memory: round(Math.max(...hosts.flatMap(host => host.memory)), 0),
        grew: round(median(memory.slice(memory.length / 2)) / median(memory.slice(0, memory.length / 2))),
        outOfOrder: outOfOrder({ ...times, arrived }, scene.conversations),
        twice: sums.twice
      }
    },

    close: () => Promise.all(hosts.map(host => host.close()))
  }
}

const median = (values: readonly number[]) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0

async function reading({ postgres, gateway, crm, driver }: Stage, hosts: readonly Host[]) {
  const [host, database, around, twice] = await Promise.all([
    cpuOf(hosts.map(({ pid }) => pid)),
    cpuOf([postgres]),
    cpuOf([gateway, crm, driver].map(({ pid }) => pid)),
    gateway.ask<number>('twice')
  ])
  return { host, postgres: database, around, twice }
}
