import { asc, eq } from 'drizzle-orm'
import t from 'tap'
import { pollCrons } from '../../src/channels/poll.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { testHost, until } from '../harness.ts'
import { FAILURE } from './gateway.ts'
import { incoming, unstorable } from './hook.ts'
import { poller, pollHost } from './poller.ts'

/** A gateway that has to be asked for news. */

type Setup = Awaited<ReturnType<typeof pollHost>>

t.test('news is told to the CRM, and the next poll goes on from there', async t => {
  const setup = await pollHost(t, ({ body }) => ({
    events: body.cursor === null ? [incoming('m1', '+5511', 'olá')] : [],
    cursor: [body.cursor, { at: '123', ё: null }]
  }))
  await setup.register('one')
  await poll(setup)
  const told = await setup.crm.waitFor(({ type }) => type === 'incoming')
  t.match(told, { plugin: 'one', contact: '+5511', message: { content: { text: 'olá' } } })

  await poll(setup)
  t.same(cursors(setup), [null, [null, { at: '123', ё: null }]])
  t.equal((await stored(setup)).length, 1)
})

t.test('a cursor comes back as it was, be it a number, a text or nothing', async t => {
  const kinds = ['123', 'null', '{"a":1}', 0, false, '', null]
  const setup = await pollHost(t, () => ({ events: [], cursor: kinds[cursors(setup).length - 1] }))
  await setup.register('one')
  for (const _ of kinds) await poll(setup)
  await poll(setup)
  t.same(cursors(setup), [null, ...kinds])
})

t.test('the schedule asks for each registration, but not for one that the CRM has archived', async t => {
  const setup = await pollHost(t, () => ({ events: [], cursor: 'c1' }))
  for (const key of ['one', 'two', 'three']) await setup.register(key)
  const { db } = setup.host.database
  await db.update(registrations).set({ archivedAt: new Date() }).where(eq(registrations.id, 2))

  const [cron] = pollCrons(setup.host.database, setup.host.mounted)
  t.match(cron, { pattern: '0 0 1 1 *' })
  await Promise.all([cron?.run(), cron?.run()])
  await setup.idle()
  const rows = await db.select().from(registrations).orderBy(asc(registrations.id))
  t.same(
    rows.map(({ pollCursor }) => pollCursor !== null),
    [true, false, true]
  )
})

t.test('a registration is polled once at a time, on two hosts as on one, and others meanwhile', async t => {
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  const setup = await pollHost(t, async () => {
    await gates[setup.gateway.asked.length - 1]?.promise
    return { events: [], cursor: 'c1' }
  })
  for (const key of ['one', 'two']) await setup.register(key)
  const { DATABASE_URL = '' } = setup.host.environment
  await testHost(t, { channels: [{ channel: poller }], env: { DATABASE_URL } })

  await setup.start(1)
  await until('the gateway to be asked', async () => setup.gateway.asked.length === 1)
  await Promise.all([setup.start(1), setup.start(1), setup.start(1), setup.start(1)])
  await until('those in vain to end', async () => (await setup.jobs()) === 1)
  t.equal(setup.gateway.asked.length, 1)

  await setup.start(2)
  await until('the other registration to be asked for', async () => setup.gateway.asked.length === 2)
  for (const gate of gates) gate.resolve()
  await setup.idle()

  await poll(setup)
  t.same(cursors(setup), [null, null, 'c1'], 'and again when it has ended')
})

t.test('a poll that fails is tried again at its next time, from where it was', async t => {
  const setup = await pollHost(t, () => {
    throw FAILURE
  })
  await setup.register('one')
  await poll(setup)
  await poll(setup)
  t.equal(setup.gateway.asked.length, 2, 'a failure is not repeated by itself')

  setup.gateway.answerWith(() => ({ events: [incoming('m1', '+5511')], cursor: 'c1' }))
  await poll(setup)
  t.same(cursors(setup), [null, null, null])
  t.equal((await stored(setup)).length, 1)
})

t.test('what is no event is left out of the news, and a cursor that cannot be kept keeps no news', async t => {
  const setup = await pollHost(t, () => ({ events: [unstorable], cursor: null }))
  await setup.register('one')
  await poll(setup)
  t.same(await stored(setup), [])

  setup.gateway.answerWith(() => ({ events: [unstorable, incoming('m1', '+5511')], huge: true }))
  await poll(setup)
  t.same(await stored(setup), [])

  setup.gateway.answerWith(() => ({ events: [incoming('m1', '+5511')], cursor: 'c2' }))
  await poll(setup)
  await poll(setup)
  t.same(cursors(setup), [null, null, null, 'c2'])
  t.equal((await stored(setup)).length, 1)
})

t.test('what a host that died in a poll held is free again after a while', async t => {
  const setup = await pollHost(t, () => ({ events: [], cursor: 'c1' }))
  await setup.register('one')
  const hold = (seconds: number) =>
    setup.host.database.db.update(registrations).set({ pollLeasedUntil: new Date(Date.now() + seconds * 1_000) })
  await hold(60)
  await poll(setup)
  t.equal(setup.gateway.asked.length, 0)
  await hold(-1)
  await poll(setup)
  t.equal(setup.gateway.asked.length, 1)
})

t.test('a registration without settings is left alone, and one that is gone breaks nothing', async t => {
  const setup = await pollHost(t, () => ({ events: [], cursor: 'c1' }))
  await setup.crm.register({ key: 'fresh', selfUri: setup.host.at('poller') })
  await poll(setup)
  await setup.start(4711)
  await setup.idle()
  t.same(setup.gateway.asked, [])

  await setup.register('ready')
  await setup.start(2)
  await setup.idle()
  t.equal(setup.gateway.asked.length, 1)
})

async function poll({ start, idle }: Setup): Promise<void> {
  await start()
  await idle()
}

/** The cursors that the gateway was asked with. */
function cursors({ gateway }: Setup): unknown[] {
  return gateway.asked.map(({ body }) => body.cursor)
}

function stored({ host }: Setup) {
  return host.database.db.select().from(outbox)
}
