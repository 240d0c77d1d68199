import { setTimeout as delay } from 'node:timers/promises'
import { addIdleConversations, type Backlog, fillBacklog } from './drain.ts'
import { cpuOf, round, type Spread, spreadOf } from './measure.ts'
import { type Host, type Stage, startHost } from './stage.ts'

/** Messages from the CRM's post to the status that it is told, as many as the hosts manage. */
export interface EndToEnd {
  name: string
  perSecond: number
  /** Milliseconds of the processor a message. */
  cpu: { host: number; postgres: number; around: number }
  /** From the 202 to the gateway. */
  queue: Spread
  /** MiB, of the host that had most. */
  memory: number
  /** Memory in the second half of the time over that in the first; medians. */
  grew: number
  outOfOrder: number
  twice: number
  /** Rate over that of one host with nothing but the scene's conversations, measured in turns. */
  ratio?: number
}

export interface Scene {
  name: string
  conversations: number
  hosts?: number
  backlog?: Backlog
  /** Conversations without a message. */
  known?: number
}

/** More than two cores send in a second. */
const MAX_PER_SECOND = 8_000
const WARM_S = 3
/** The turn of a scene beside another: the machine's own ups and downs are slower. */
const TURN_S = 2.5

/** Messages on their way at most: enough to keep all sides busy, few enough that the time in the queue says something. */
const ON_THE_WAY = 1_500
const CONNECTIONS = 64

export async function measureEndToEnd(stage: Stage, scene: Scene, seconds: number): Promise<EndToEnd> {
  await prepare(stage, scene, seconds + WARM_S)
  const flow = await openFlow(stage, scene)
  await flow.warmUp(WARM_S)
  await flow.go(seconds)
  const measured = await flow.measured()
  await flow.close()
  return measured
}

/** A scene beside one host with nothing but its conversations, in turns of the same time. */
export async function measureBeside(stage: Stage, scene: Scene, seconds: number): Promise<EndToEnd> {
  await prepare(stage, scene, 2 * (seconds + WARM_S))
  const { conversations } = scene
  const [plain, flow] = [await openFlow(stage, { name: 'plain', conversations }), await openFlow(stage, scene)]
  await plain.warmUp(WARM_S)
  await flow.warmUp(WARM_S)
  // An even number, so that each goes first as often as the other.
  const turns = 2 * Math.ceil(seconds / TURN_S / 2)
  for (let turn = 0; turn < turns; turn++)
    for (const next of turn % 2 === 0 ? [plain, flow] : [flow, plain]) await next.go(seconds / turns)
  const [beside, measured] = [await plain.measured(), await flow.measured()]
  await Promise.all([plain, flow].map(open => open.close()))
  return { ...measured, ratio: round(measured.perSecond / beside.perSecond) }
}

async function prepare({ driver, gateway, crm, place }: Stage, { conversations }: Scene, seconds: number) {
  await driver.ask('prepare', { place, from: 0, count: MAX_PER_SECOND * seconds, conversations })
  await gateway.ask('forget')
  await crm.ask('forget')
}

type Posted = Pick<Times, 'posted' | 'accepted'>

/** Hosts and a database on which a scene is measured for some seconds, once or more often. */
interface Flow {
  /** Resolves when the CRM has been told of every message that was posted. */
  go(seconds: number): Promise<void>
  /** The same without measuring. */
  warmUp(seconds: number): Promise<void>
  measured(): Promise<EndToEnd>
  close(): Promise<unknown>
}

/** All open flows share the requests that were prepared. */
async function openFlow(stage: Stage, scene: Scene): Promise<Flow> {
  const { gateway, crm, driver, place } = stage
  const { url, sql } = await stage.database()
  const hosts: Host[] = []
  for (let index = 0; index < (scene.hosts ?? 1); index++) hosts.push(await startHost(stage, url))
  if (scene.known) await addIdleConversations(sql, scene.known)
  if (scene.backlog) await fillBacklog(sql, scene.backlog)

  const sums = { seconds: 0, done: 0, twice: 0, host: 0, postgres: 0, around: 0 }
  /** The first host's, while it is busy. */
  const memory: number[] = []
  const times: Posted = { posted: new Map(), accepted: new Map() }

  async function sustain(seconds: number): Promise<Posted> {
    const before = await crm.ask<number>('count')
    const { refused, ...posted } = await driver.ask<Posted & { refused: number }>('sustain', {
      ports: hosts.map(({ port }) => port),
      connections: CONNECTIONS,
      seconds,
      onTheWay: ON_THE_WAY,
      crmUrl: place.crmUrl
    })
    if (refused > 0) throw new Error(`${refused} messages were refused`)
    while ((await crm.ask<number>('count')) < before + posted.accepted.size) await delay(20)
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

/** Times of messages, by their numbers. */
interface Times {
  posted: ReadonlyMap<number, number>
  /** The time of the 202. */
  accepted: ReadonlyMap<number, number>
  arrived: ReadonlyMap<number, number>
}

/** Messages that reached the gateway before one of their conversation that had been accepted before they were posted. */
function outOfOrder({ posted, accepted, arrived }: Times, conversations: number): number {
  const numbers = [...posted.keys()].toSorted((a, b) => (posted.get(a) ?? 0) - (posted.get(b) ?? 0))
  let wrong = 0
  for (const members of Map.groupBy(numbers, number => number % conversations).values()) {
    const byAccepted = members.toSorted((a, b) => (accepted.get(a) ?? 0) - (accepted.get(b) ?? 0))
    let passed = 0
    let latest = 0
    for (const number of members) {
      for (; isBefore(accepted.get(byAccepted[passed] ?? -1), posted.get(number)); passed++)
        latest = Math.max(latest, arrived.get(byAccepted[passed] ?? -1) ?? 0)
      if ((arrived.get(number) ?? 0) < latest) wrong += 1
    }
  }
  return wrong
}

const isBefore = (left: number | undefined, right: number | undefined) =>
  left !== undefined && right !== undefined && left < right
