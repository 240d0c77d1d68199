import { round, type Spread } from './spread.ts'
import { type Host, type Stage, startHostProcess } from './stage.ts'

/** How many messages a second a host takes for good, beside the same server that keeps nothing. */
export interface Accepting {
  connections: number
  perSecond: number
  ceiling: number
  ratio: number
  latency: Spread
  refused: number
}

const CONNECTIONS = [1, 16, 64, 256]
/** More than any host takes in a second on two cores. */
const MOST_A_SECOND = 7_000
const WARM_S = 1

interface Flood {
  perSecond: number
  refused: number
  latency: Spread
}

export async function measureAccept(stage: Stage, seconds: number): Promise<Accepting[]> {
  const { driver, place } = stage
  const count = MOST_A_SECOND * (seconds + WARM_S)
  await driver.ask('prepare', { place, from: 0, count, conversations: 2_000 })

  const flood = async (host: Host, connections: number): Promise<Flood> => {
    await driver.ask('rewind')
    await driver.ask('flood', { ports: [host.port], connections, seconds: WARM_S })
    return driver.ask('flood', { ports: [host.port], connections, seconds })
  }

  const rows: Accepting[] = []
  for (const connections of CONNECTIONS) {
    const { url, sql } = await stage.database()
    // Nothing is sent meanwhile: that is another measure.
    const host = await startHostProcess(stage, url, { roles: 'web' })
    const kept = await flood(host, connections)
    const [stored] = await sql<{ count: number }[]>`select count(*)::int count from messages`
    await host.close()
    const bare = await startHostProcess(stage, url, { program: 'ceiling.ts' })
    const ceiling = await flood(bare, connections)
    await bare.close()
    if (kept.refused + ceiling.refused > 0) throw new Error(`${kept.refused + ceiling.refused} messages were refused`)
    if ((stored?.count ?? 0) < kept.latency.count) throw new Error('a message that was answered 202 is not there')
    rows.push({
      connections,
      perSecond: round(kept.perSecond, 0),
      ceiling: round(ceiling.perSecond, 0),
      ratio: round(kept.perSecond / ceiling.perSecond),
      latency: kept.latency,
      refused: kept.refused
    })
  }
  return rows
}
