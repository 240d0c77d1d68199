import { round, type Spread, spreadOf } from './measure.ts'
import { type Host, type Stage, startHost } from './stage.ts'

/** Messages a second that a host accepts and stores, beside the same server that stores nothing. */
export interface Accepting {
  connections: number
  perSecond: number
  ceiling: number
  ratio: number
  latency: Spread
}

const CONNECTIONS = [1, 16, 64, 256]
/** More than any host takes in a second on two cores. */
const MAX_PER_SECOND = 24_000
const WARM_S = 1
/** Turns of both: the machine's own ups and downs are slower than a turn. */
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
    count: MAX_PER_SECOND * (seconds + WARM_S),
    conversations: 2_000
  })
  const rows: Accepting[] = []
  for (const connections of CONNECTIONS) rows.push(await measureWith(stage, connections, seconds))
  return rows
}

async function measureWith(stage: Stage, connections: number, seconds: number): Promise<Accepting> {
  const { url, sql } = await stage.database()
  await stage.driver.ask('rewind')
  // Sending is another measure: the registrations are claimed by another host, as where roles are separate.
  const host = await startHost(stage, url, { roles: 'web' })
  await sql`update registrations set sending_host = 'another'`
  const storing = await openFlood(stage, host, connections, true)
  const bare = await openFlood(stage, await startHost(stage, url, { program: 'ceiling.ts' }), connections, false)
  for (let turn = 0; turn < ROUNDS; turn++)
    for (const flood of turn % 2 === 0 ? [storing, bare] : [bare, storing]) await flood.go(seconds / ROUNDS)
  await Promise.all([storing.close(), bare.close()])

  const [stored] = await sql<{ count: number }[]>`select count(*)::int count from messages`
  if ((stored?.count ?? 0) < storing.latencies.length) throw new Error('a message that was answered 202 is not there')
  return {
    connections,
    perSecond: round(storing.perSecond(), 0),
    ceiling: round(bare.perSecond(), 0),
    ratio: round(storing.perSecond() / bare.perSecond()),
    latency: spreadOf(storing.latencies)
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
