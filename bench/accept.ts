import { round, type Spread, spreadOf } from './spread.ts'
import { type Host, type Stage, startHostProcess } from './stage.ts'

/** How many messages a second a host takes for good, beside the same server that keeps nothing. */
export interface Accepting {
  connections: number
  perSecond: number
  ceiling: number
  ratio: number
  latency: Spread
}

const CONNECTIONS = [1, 16, 64, 256]
/** More than any host takes in a second on two cores. */
const MOST_A_SECOND = 12_000
const WARM_S = 1
/** How often the two take turns: the machine's own ups and downs are slower than that. */
const ROUNDS = 4

interface Flood {
  seconds: number
  latencies: readonly number[]
  refused: number
}

export async function measureAccept(stage: Stage, seconds: number): Promise<Accepting[]> {
  await stage.driver.ask('prepare', {
    place: stage.place,
    from: 0,
    count: MOST_A_SECOND * (seconds + WARM_S),
    conversations: 2_000
  })
  const rows: Accepting[] = []
  for (const connections of CONNECTIONS) rows.push(await measureWith(stage, connections, seconds))
  return rows
}

async function measureWith(stage: Stage, connections: number, seconds: number): Promise<Accepting> {
  const { url, sql } = await stage.database()
  await stage.driver.ask('rewind')
  // Nothing is sent meanwhile: that is another measure. As where roles are separate, other hosts have the registrations.
  const host = await startHostProcess(stage, url, { roles: 'web' })
  await sql`update registrations set sending_host = 'another'`
  const kept = await openFlood(stage, host, connections, true)
  const bare = await openFlood(stage, await startHostProcess(stage, url, { program: 'ceiling.ts' }), connections, false)
  for (let turn = 0; turn < ROUNDS; turn++)
    for (const one of turn % 2 === 0 ? [kept, bare] : [bare, kept]) await one.go(seconds / ROUNDS)
  await Promise.all([kept.close(), bare.close()])

  const [stored] = await sql<{ count: number }[]>`select count(*)::int count from messages`
  if ((stored?.count ?? 0) < kept.latencies.length) throw new Error('a message that was answered 202 is not there')
  return {
    connections,
    perSecond: round(kept.perSecond(), 0),
    ceiling: round(bare.perSecond(), 0),
    ratio: round(kept.perSecond() / bare.perSecond()),
    latency: spreadOf(kept.latencies)
  }
}

/** A host that is flooded for some seconds, once or more often. */
async function openFlood({ driver }: Stage, host: Host, connections: number, keeps: boolean) {
  const latencies: number[] = []
  let took = 0
  const flood = async (forSeconds: number) => {
    const given = { ports: [host.port], connections, seconds: forSeconds, keeps }
    const flooded = await driver.ask<Flood>('flood', given)
    if (flooded.refused > 0) throw new Error(`${flooded.refused} messages were refused`)
    return flooded
  }
  await flood(WARM_S)
  return {
    latencies,
    perSecond: () => latencies.length / took,
    async go(forSeconds: number) {
      const flooded = await flood(forSeconds)
      took += flooded.seconds
      for (const latency of flooded.latencies) latencies.push(latency)
    },
    close: host.close
  }
}
