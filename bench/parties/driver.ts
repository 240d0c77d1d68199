import { setTimeout as delay } from 'node:timers/promises'
import { request } from 'undici'
import { clock } from '../measure.ts'
import { serve } from '../party.ts'
import { type Batch, makeRequests } from '../requests.ts'
import { openWire } from './wire.ts'

/** The CRM's side that posts messages. */

let requests: Buffer[] = []
let first = 0
let used = 0
let repeated = 0

const take = (): { number: number; request: Buffer } | undefined => {
  const made = requests[used]
  if (!made) throw new Error('too few requests were prepared')
  const number = first + used
  used += 1
  return { number, request: made }
}

/** For a server that keeps nothing, and so takes any of them as often as it comes. */
const repeat = () => {
  repeated = (repeated + 1) % requests.length
  return { number: first + repeated, request: requests[repeated] as Buffer }
}

/** Connections to the hosts, in turns. */
async function wires(ports: readonly number[], connections: number, next: () => ReturnType<typeof take>) {
  const latencies: number[] = []
  /** number -> the time of its post, and of its 202. */
  const posted = new Map<number, number>()
  const accepted = new Map<number, number>()
  let refused = 0
  const answered = (number: number, status: number, askedAt: number) => {
    const now = clock()
    latencies.push(now - askedAt)
    if (status !== 202) refused += 1
    posted.set(number, askedAt)
    accepted.set(number, now)
  }
  const all = await Promise.all(
    ports.map(port => openWire({ port, connections: Math.ceil(connections / ports.length), next, answered }))
  )
  return { all, latencies, posted, accepted, refused: () => refused }
}

serve({
  start: () => undefined,

  async prepare(batch: Batch) {
    requests = await makeRequests(batch)
    first = batch.from
    used = 0
  },
  /** The same requests once more, to a server that does not know them. */
  rewind() {
    used = 0
  },

  /** As fast as they are answered. `keeps`: the server stores messages, so that each has to be new. */
  async flood(given: { ports: number[]; connections: number; seconds: number; keeps: boolean }) {
    const next = given.keeps ? take : repeat
    const startedAt = clock()
    const until = startedAt + given.seconds * 1_000
    const { all, latencies, refused } = await wires(given.ports, given.connections, () =>
      clock() < until ? next() : undefined
    )
    for (const wire of all) wire.nudge()
    for (const wire of all) await wire.quiet()
    const endedAt = clock()
    for (const wire of all) wire.close()
    return { seconds: (endedAt - startedAt) / 1_000, refused: refused(), latencies }
  },

  /** As fast as the CRM is told of them, with at most so many on their way. */
  async sustain(given: { ports: number[]; connections: number; seconds: number; onTheWay: number; crmUrl: string }) {
    const [before, statusesBefore] = [used, await statusesOf(given.crmUrl)]
    let settled = before
    const until = clock() + given.seconds * 1_000
    const isRoom = () => clock() < until && used - settled < given.onTheWay
    const { all, posted, accepted, refused } = await wires(given.ports, given.connections, () =>
      isRoom() ? take() : undefined
    )
    while (clock() < until) {
      settled = before + (await statusesOf(given.crmUrl)) - statusesBefore
      for (const wire of all) wire.nudge()
      await delay(10)
    }
    for (const wire of all) await wire.quiet()
    for (const wire of all) wire.close()
    return { posted, accepted, refused: refused() }
  },

  /** So many a second, each on time even if those before it are not answered. */
  async pace({ ports, perSecond, count }: { ports: number[]; perSecond: number; count: number }) {
    let due = 0
    const { all, posted } = await wires(ports, 64, () => (used < due ? take() : undefined))
    const startedAt = clock()
    while (due < count) {
      due = Math.min(count, Math.floor(((clock() - startedAt) / 1_000) * perSecond) + 1)
      for (const wire of all) wire.nudge(1)
      await delay(1)
    }
    for (const wire of all) await wire.quiet()
    for (const wire of all) wire.close()
    return { posted }
  }
})

async function statusesOf(crmUrl: string): Promise<number> {
  const { body } = await request(`${crmUrl}count`)
  return Number(await body.text())
}
