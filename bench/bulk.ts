import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { clock, round, type Spread, spreadOf } from './measure.ts'
import { type Host, type Stage, startHost } from './stage.ts'

/** Bulk messages of an API client: how many are accepted a second, and how long a normal message waits beside them. */
export interface Bulk {
  /** Items a second, in batches of BATCH. */
  perSecond: number
  batch: Spread
  /** Bulk messages that wait while normal ones are measured. */
  waiting: number
  /** Messages a second that the account may send. */
  rate: number
  /** From the CRM's post of a normal message to the call of the gateway. */
  toGateway: Spread
}

const BATCH = 1_000
const CONNECTIONS = 4
const WAITING = 100_000
/** Messages a second of each account. */
const RATE = 60
/** Normal messages a second, over all accounts. */
const NORMAL = 20
/** Numbers of bulk messages, apart from those of normal ones. */
const FIRST = 10_000_000

export async function measureBulk(stage: Stage, seconds: number): Promise<Bulk> {
  const { driver, gateway, crm, place } = stage
  const accepted = await accept(stage, seconds)

  const { url } = await stage.database()
  const env = { BENCH_PER_SECOND: String(RATE), CONSOLE_TOKEN: TOKEN }
  const host = await startHost(stage, url, { env })
  await gateway.ask('forget')
  await crm.ask('forget')
  const next = batches(place.accounts.length)
  for (let sent = 0; sent < WAITING * place.accounts.length; sent += BATCH) await post(host, next())
  const count = NORMAL * seconds
  await driver.ask('prepare', { place, from: 0, count, conversations: 500 })
  const paced = { ports: [host.port], perSecond: NORMAL, count }
  const { posted } = await driver.ask<{ posted: Map<number, number> }>('pace', paced)
  const arrived = () => gateway.ask<Map<number, number>>('arrivals')
  while (![...posted.keys()].every((await arrived()).has, await arrived())) await delay(100)
  const arrivals = await arrived()
  await host.close()
  return {
    ...accepted,
    waiting: WAITING,
    rate: RATE,
    toGateway: spreadOf([...posted].map(([number, at]) => (arrivals.get(number) ?? Number.NaN) - at))
  }
}

const TOKEN = 'token-of-the-bench-0123456789'

async function accept(stage: Stage, seconds: number): Promise<Pick<Bulk, 'perSecond' | 'batch'>> {
  const { url, sql } = await stage.database()
  // Sending is another measure: the registrations are claimed by another host, as where roles are separate.
  const host = await startHost(stage, url, { roles: 'web', env: { CONSOLE_TOKEN: TOKEN } })
  await sql`update registrations set sending_host = 'another'`
  const next = batches(stage.place.accounts.length)
  const times: number[] = []
  const start = clock()
  const until = start + seconds * 1_000
  await Promise.all(
    Array.from({ length: CONNECTIONS }, async () => {
      while (clock() < until) {
        const asked = clock()
        await post(host, next())
        times.push(clock() - asked)
      }
    })
  )
  const took = (clock() - start) / 1_000
  const [stored] = await sql<{ count: number }[]>`select count(*)::int count from messages`
  if (stored?.count !== times.length * BATCH) throw new Error('an item that was accepted is not there')
  await host.close()
  return { perSecond: round((times.length * BATCH) / took, 0), batch: spreadOf(times) }
}

/** Bodies of requests, each for one account, in turns; each item for a contact of its own. */
function batches(accounts: number) {
  let made = 0
  return () => {
    const account = (made % accounts) + 1
    const from = FIRST + made * BATCH
    made += 1
    const items = Array.from({ length: BATCH }, (_, index) => {
      const number = from + index
      return `{"id":"b-${number}","contact":"+5521${number}","text":"${number}","tag":"bench","purpose":"marketing"}`
    })
    return { account, body: `{"items":[${items.join()}]}` }
  }
}

async function post({ port }: Host, { account, body }: { account: number; body: string }): Promise<void> {
  const answer = await request(`http://127.0.0.1:${port}/api/v1/registrations/${account}/messages`, {
    method: 'POST',
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', host: 'bench.example' },
    body
  })
  const text = await answer.body.text()
  if (answer.statusCode === 429) {
    await delay(1_000)
    return post({ port } as Host, { account, body })
  }
  if (answer.statusCode !== 200) throw new Error(`a batch was answered ${answer.statusCode}: ${text.slice(0, 200)}`)
}
