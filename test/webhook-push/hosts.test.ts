import t, { type Test } from 'tap'
import { placeEvents } from '../../src/events/feed.ts'
import { writeEvents } from '../../src/events/write.ts'
import { apiHost } from '../api/ask.ts'
import { testDatabase, until } from '../harness.ts'
import { startTestProcess } from '../host-process.ts'
import { databaseRelay } from '../http/database-relay.ts'
import { type Pushed, startReceiver } from './receiver.ts'

/** A webhook and several hosts of the role worker. */

const CONVERSATIONS = 5

t.test('a host that is killed has its webhooks taken up by another: nothing is lost, nor out of order', async t => {
  const { make, worker, write } = await build(t)
  let isStuck = false
  const { url, pushed } = await startReceiver(t, () => (isStuck ? () => {} : 200))
  await make(url)
  const first = worker()
  await write(0, 40)
  await until('the first events', async () => pushed.length === 40)
  isStuck = true
  await write(40, 80)
  await until('requests without answers', async () => pushed.length > 40)
  await first.end('SIGKILL')
  const unanswered = pushed.splice(0).slice(40)
  isStuck = false
  await write(80, 90)
  worker()
  await until('the others', async () => new Set(pushed.map(numberOf)).size >= 50, 60_000)
  t.ok(unanswered.length <= CONVERSATIONS)
  t.same([...new Set(pushed.map(numberOf))].toSorted(ascending).slice(-50), range(40, 90))
  inOrder(t, pushed)
})

t.test('a host that stops hands its webhooks on at once: two hosts after each other push each event once', async t => {
  const { make, worker, write } = await build(t)
  const { url, pushed } = await startReceiver(t)
  await make(url)
  const first = worker()
  await write(0, 20)
  await until('the first events', async () => pushed.length >= 20)
  worker()
  await first.end('SIGTERM')
  await write(20, 40)
  await until('the others', async () => pushed.length >= 40)
  t.same(pushed.map(numberOf).toSorted(ascending), range(0, 40))
})

t.test('two hosts at the same time push each event once, and in order', async t => {
  const { make, worker, write } = await build(t)
  const { url, pushed } = await startReceiver(t)
  worker()
  worker()
  await make(url)
  for (let start = 0; start < 200; start += 10) await write(start, start + 10)
  await until('all', async () => pushed.length >= 200)
  t.same(pushed.map(numberOf).toSorted(ascending), range(0, 200))
  inOrder(t, pushed)
})

t.test(
  'a database that goes away during a request loses nothing, and what was not written down comes again',
  async t => {
    const relay = await databaseRelay(t, await testDatabase(t))
    const { make, write } = await build(t, { DATABASE_URL: relay.url, LV_PLUGIN_ROLES: 'web,worker' })
    const gate = Promise.withResolvers<number>()
    const { url, pushed } = await startReceiver(t, (_, count) => (count === 1 ? gate.promise : 200))
    await make(url)
    await write(0, 1)
    await until('the first event', async () => pushed.length === 1)
    await relay.cut()
    gate.resolve(200)
    await relay.mend()
    await until('more events to be written', () =>
      write(1, 10).then(
        () => true,
        () => false
      )
    )
    await until('all', async () => new Set(pushed.map(numberOf)).size === 10)
    inOrder(t, pushed)
  }
)

const numberOf = ({ data }: Pushed) => Number(data.number)
const ascending = (one: number, other: number) => one - other
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index)

/** Each event for the first time after those before it of its conversation. */
function inOrder(t: Test, pushed: readonly Pushed[]): void {
  for (const [conversation, lane] of Map.groupBy(new Set(pushed.map(numberOf)), number => number % CONVERSATIONS))
    t.same(lane, lane.toSorted(ascending), `conversation ${conversation}`)
}

/** A host that answers requests only, and others that push. */
async function build(t: Test, more: NodeJS.ProcessEnv = {}) {
  const { ask, host } = await apiHost(t, { env: { LV_PLUGIN_CHANNELS: 'echo=/', LV_PLUGIN_ROLES: 'web', ...more } })
  return {
    make: async (url: string) => t.equal((await ask('/webhooks', { body: { url } })).status, 200),
    worker: () =>
      startTestProcess(t, {
        env: { ...host.environment, LV_PLUGIN_ROLES: 'worker', LOG_LEVEL: 'silent' },
        output: 'ignore'
      }),
    write: async (from: number, to: number) => {
      await host.database.db.transaction(tx =>
        writeEvents(
          tx,
          range(from, to).map(number => ({
            registrationId: 1,
            conversationId: 1 + (number % CONVERSATIONS),
            type: 'contact.renamed',
            body: { number }
          }))
        )
      )
      await placeEvents(host.database)
    }
  }
}
