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
  outOfOrder: number
  twice: number
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
/** More than goes through in a second on two cores. */
const MOST_A_SECOND = 2_600
const WARM_S = 3

export async function measureEndToEnd(stage: Stage, scene: Scene, seconds: number): Promise<EndToEnd> {
  const { gateway, crm, driver, place } = stage
  const { conversations, hosts: count = 1 } = scene
  const { url, sql } = await stage.database()
  const hosts: Host[] = []
  for (let index = 0; index < count; index++) hosts.push(await startHostProcess(stage, url))
  if (scene.known) await knowConversations(sql, scene.known)
  if (scene.backlog) await fillBacklog(sql, scene.backlog)
  await driver.ask('prepare', { place, from: 0, count: MOST_A_SECOND * (seconds + WARM_S), conversations })
  await gateway.ask('forget')
  await crm.ask('forget')

  const sustain = (forSeconds: number) =>
    driver.ask<{ refused: number }>('sustain', {
      ports: hosts.map(({ port }) => port),
      connections: CONNECTIONS,
      seconds: forSeconds,
      onTheWay: ON_THE_WAY,
      crmUrl: place.crmUrl
    })
  await sustain(WARM_S)
  await drained(stage)

  const before = await reading(stage, hosts)
  const startedAt = performance.now()
  const { refused } = await sustain(seconds)
  await drained(stage)
  const took = (performance.now() - startedAt) / 1_000
  const after = await reading(stage, hosts)
  const done = after.heard - before.heard
  const [{ posted, accepted }, arrived, twice] = await Promise.all([
    driver.ask<Pick<Times, 'posted' | 'accepted'>>('times'),
    gateway.ask<Map<number, number>>('arrivals'),
    gateway.ask<number>('twice')
  ])
  await Promise.all(hosts.map(host => host.close()))
  if (refused > 0) throw new Error(`${refused} messages were refused`)

  const waits = [...accepted].flatMap(([number, at]) => {
    const there = arrived.get(number)
    return there === undefined ? [] : [Math.max(0, there - at)]
  })
  return {
    name: scene.name,
    perSecond: round(done / took, 0),
    cpu: {
      host: round((after.host - before.host) / done, 3),
      postgres: round((after.postgres - before.postgres) / done, 3),
      around: round((after.around - before.around) / done, 3)
    },
    queue: spreadOf(waits),
    memory: round(Math.max(...hosts.map(host => host.memory())), 0),
    outOfOrder: outOfOrder({ posted, accepted, arrived }, conversations),
    twice
  }
}

async function reading({ postgres, gateway, crm, driver }: Stage, hosts: readonly Host[]) {
  const [host, database, around, heard] = await Promise.all([
    cpuOf(hosts.map(({ pid }) => pid)),
    cpuOf([postgres]),
    cpuOf([gateway, crm, driver].map(({ pid }) => pid)),
    crm.ask<number>('count')
  ])
  return { host, postgres: database, around, heard }
}

/** Until the CRM has heard of all that was posted. */
async function drained({ driver, crm }: Stage): Promise<void> {
  const { accepted } = await driver.ask<{ accepted: Map<number, number> }>('times')
  while ((await crm.ask<number>('count')) < accepted.size) await delay(20)
}
