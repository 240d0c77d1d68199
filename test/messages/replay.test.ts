import type { Outcome, Outgoing } from 'channel-kit/outcome'
import { asc, eq, inArray } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { storeEvents } from '../../src/inbound/store-events.ts'
import { replayMessages } from '../../src/messages/replay.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { scripted, taken, text } from '../scripted-channel.ts'

const refused = async (): Promise<Outcome> => ({ kind: 'rejected', reason: 'closed' })

/** A gateway that takes a message and reports a status of it. */
const reporting =
  (status: 'delivered' | 'error', ref: string) =>
  async (_message: Outgoing): Promise<Outcome> => ({
    kind: 'accepted',
    ref,
    later: [{ afterMs: 0, events: [{ kind: 'status', ref, status }] }]
  })

async function build(t: Test) {
  const gateway: { send: (message: Outgoing) => Promise<Outcome> } = { send: refused }
  const script = scripted(message => gateway.send(message))
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: script.channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const { db } = host.database
  const row = async (crmId: string) => (await db.select().from(messages).where(eq(messages.crmId, crmId)))[0]
  const reach = (crmId: string, state: string) =>
    until(`message ${crmId} to be ${state}`, async () => {
      const found = await row(crmId)
      return found?.state === state ? found : undefined
    })
  /** Sends a text and waits until its message is in that state. */
  const send = async (words: string, state: string) => {
    const { message } = await plugin.send(text('1', words))
    return reach(message.id, state)
  }
  const replay = (...ids: number[]) => replayMessages(host.database, ids, new Date())
  return { crm, plugin, db, gateway, script, send, reach, row, replay }
}

t.test('replay: a failed message is sent once more, and the CRM gets its statuses once more', async t => {
  const { crm, plugin, gateway, send, reach, replay } = await build(t)
  const { id, crmId } = await send('hello', 'failed')
  await crm.waitFor(event => event.type === 'status' && event.status === 'error')

  gateway.send = reporting('delivered', 'second')
  t.equal(await replay(id), 1)

  const row = await reach(crmId as string, 'accepted')
  t.match(row, { attempts: 1, replays: 1, ref: 'second', status: 'delivered', reason: null })
  t.match(row.story, [
    { kind: 'attempt', number: 1, outcome: 'rejected', reason: 'closed' },
    { kind: 'replayed' },
    { kind: 'attempt', number: 1, outcome: 'accepted', ref: 'second' },
    { kind: 'status', status: 'delivered' }
  ])
  await crm.waitFor(event => event.type === 'status' && event.status === 'delivered')
  t.same(plugin.statuses(crmId as string), ['error', 'delivered'])
})

t.test('replay: a message that fails again is told to the CRM again, and can be replayed again', async t => {
  const { plugin, send, reach, replay } = await build(t)
  const { id, crmId } = await send('hello', 'failed')
  for (const times of [2, 3]) {
    t.equal(await replay(id), 1)
    await until(`error number ${times}`, async () => plugin.statuses(crmId as string).length === times)
  }
  t.match(await reach(crmId as string, 'failed'), { replays: 2, status: 'error', reason: 'closed' })
  t.same(plugin.statuses(crmId as string), ['error', 'error', 'error'])
})

t.test('replay: messages leave in the order accepted, and before those that wait in their conversation', async t => {
  const { db, gateway, script, send, replay } = await build(t)
  const failed = [await send('one', 'failed'), await send('two', 'failed'), await send('three', 'failed')]
  gateway.send = async () => ({ kind: 'retry', reason: 'busy', afterMs: 1_000 })
  const four = await send('four', 'waiting')
  await until('an attempt', async () => script.texts().includes('four'))
  gateway.send = taken

  const [one, two, three] = failed.map(({ id }) => id) as [number, number, number]
  t.equal(await replay(three, one, two), 3)

  await until('all to be sent', async () => {
    const rows = await db.select().from(messages).where(eq(messages.state, 'accepted'))
    return rows.length === 4
  })
  t.same(script.texts().slice(4), ['one', 'two', 'three', 'four'])
  t.ok(four.id > three)
})

t.test('replay: a message waits until the one that its channel has in hand is settled', async t => {
  const { gateway, script, send, reach, replay } = await build(t)
  const first = await send('first', 'failed')
  const answer = Promise.withResolvers<Outcome>()
  gateway.send = () => answer.promise
  const second = await send('second', 'sending')

  t.equal(await replay(first.id), 1)
  gateway.send = taken
  answer.resolve({ kind: 'retry', reason: 'busy', afterMs: 0 })
  await reach(second.crmId as string, 'accepted')

  t.same(script.texts(), ['first', 'second', 'first', 'second'], 'then the older one goes first')
  t.match(await reach(first.crmId as string, 'accepted'), { replays: 1 })
})

t.test('replay: a message that did not fail is not changed', async t => {
  const { db, gateway, send, replay } = await build(t)
  gateway.send = reporting('delivered', 'a')
  const accepted = await send('accepted', 'accepted')
  gateway.send = async () => ({ kind: 'retry', reason: 'busy', afterMs: 60_000 })
  const { crmId } = await send('waiting', 'waiting')
  await until('a first attempt', async () =>
    (
      await db
        .select()
        .from(messages)
        .where(eq(messages.crmId, crmId as string))
    )[0]?.reason
      ? true
      : undefined
  )
  const all = () => db.select().from(messages).orderBy(asc(messages.id))
  const before = await all()

  t.equal(await replay(...before.map(({ id }) => id), 999_999), 0)
  t.equal(await replay(), 0)
  t.same(await all(), before)
  t.ok(before.some(({ id }) => id === accepted.id))
})

t.test('replay: a message that its gateway took and reported an error of has failed too', async t => {
  const { plugin, db, gateway, send, row, replay } = await build(t)
  gateway.send = reporting('error', 'first')
  const { id, crmId, registrationId } = await send('hello', 'accepted')
  await until('the error', async () => plugin.statuses(crmId as string).length === 1)
  const other = await send('another', 'accepted')

  gateway.send = reporting('delivered', 'second')
  t.equal(await replay(id), 1)
  await until('the delivery', async () => plugin.statuses(crmId as string).length === 2)
  const late = { kind: 'status', ref: 'first', status: 'read' } as const
  await db.transaction(tx => storeEvents(tx, [{ registrationId, event: late }], new Date()))

  t.same(plugin.statuses(crmId as string), ['error', 'delivered'])
  t.match(
    await row(crmId as string),
    { ref: 'second', status: 'delivered' },
    'a report of the first send counts no more'
  )
  t.match(
    await db
      .select()
      .from(messages)
      .where(inArray(messages.id, [other.id])),
    [{ replays: 0, ref: 'first' }]
  )
})
