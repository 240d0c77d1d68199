import { asc } from 'drizzle-orm'
import type { Misbehave } from 'simulator/misbehaviour'
import t, { type Test } from 'tap'
import { replayItems } from '../../src/outbox/replay.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { scripted, text } from '../scripted-channel.ts'

/** A gateway that at once reports every step, and a reply: four things to tell the CRM. */
const chatty = () =>
  scripted(async ({ id, contact }) => {
    const ref = `ref-${id}`
    const content = { text: `re ${id}`, format: 'text' as const }
    const reply = { kind: 'message' as const, ref: `${ref}-reply`, contact, subject: null, content, attachments: [] }
    const steps = (['sent', 'delivered', 'read'] as const).map(status => ({ kind: 'status' as const, ref, status }))
    return { kind: 'accepted', ref, later: [{ afterMs: 0, events: [...steps, reply] }] }
  })

async function build(t: Test, misbehave: Misbehave) {
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel: chatty().channel, path: '/' }],
    env: { LV_PLUGIN_CRM_PARK_AFTER: '1' }
  })
  const plugin = await crm.register(host.url)
  crm.misbehave(misbehave)
  const { message } = await plugin.send(text('1', 'hello'))
  const { db } = host.database
  const rows = () => db.select().from(outbox).orderBy(asc(outbox.id))
  const reach = (states: string) =>
    until(`the items to be ${states}`, async () => {
      const found = await rows()
      return found.map(({ state }) => state).join() === states ? found.map(({ id }) => id) : undefined
    })
  const toCrm = () =>
    crm
      .exchanges()
      .filter(({ direction, path }) => direction === 'to-crm' && path.includes('/CRM/'))
      .toSorted((a, b) => a.id - b.id)
      .map(({ path }) => path.split('/').at(-1))
  const statuses = () => plugin.statuses(message.id)
  return {
    crm,
    rows,
    reach,
    toCrm,
    statuses,
    replay: (...ids: number[]) => replayItems(host.database, ids, new Date())
  }
}

t.test('a parked item that is replayed is told', async t => {
  const { crm, rows, reach, replay } = await build(t, kind => (kind === 'incoming' ? { status: 500 } : undefined))
  const ids = await reach('delivered,delivered,delivered,parked')
  t.match((await rows())[3], { attempts: 1, reason: 'the CRM answered 500' })

  crm.misbehave()
  t.equal(await replay(...ids), 1)

  await reach('delivered,delivered,delivered,delivered')
  await crm.waitFor(event => event.type === 'incoming')
  t.equal(await replay(...ids), 0, 'what was told is not told again')
})

t.test('a replayed item that the CRM does not take either is given up again', async t => {
  const { rows, reach, toCrm, replay } = await build(t, kind => (kind === 'incoming' ? { status: 405 } : undefined))
  const [, , , last = 0] = await reach('delivered,delivered,delivered,stopped')
  t.equal(await replay(last), 1)
  await until('another try', async () => toCrm().filter(kind => kind === 'incoming').length === 2)
  await reach('delivered,delivered,delivered,stopped')
  t.match((await rows())[3], { attempts: 1, reason: 'the CRM answered 405' })
})

t.test('items that are replayed together are told in the order in which they happened', async t => {
  const { crm, reach, toCrm, statuses, replay } = await build(t, kind => ({ status: kind === 'status' ? 404 : 405 }))
  const ids = await reach('stopped,stopped,stopped,stopped')
  crm.misbehave()

  t.equal(await replay(...ids.toReversed()), 4)

  await reach('delivered,delivered,delivered,delivered')
  t.same(statuses(), ['sent', 'delivered', 'read'])
  t.same(toCrm().slice(4), ['status', 'status', 'status', 'incoming'])
})

t.test('a status that the CRM has heard a later one of stays as it is, since a status never goes back', async t => {
  let calls = 0
  const { rows, reach, statuses, replay } = await build(t, kind => {
    calls += kind === 'status' ? 1 : 0
    return kind === 'status' && calls === 1 ? { status: 404 } : undefined
  })
  const ids = await reach('stopped,delivered,delivered,delivered')
  const before = await rows()

  t.equal(await replay(...ids), 0)
  t.same(await rows(), before)
  t.same(statuses(), ['delivered', 'read'])
})

t.test('a status is not replayed while the CRM is hearing a later one of the same message', async t => {
  let calls = 0
  const release = Promise.withResolvers<undefined>()
  const { reach, statuses, replay } = await build(t, kind => {
    calls += kind === 'status' ? 1 : 0
    if (kind !== 'status' || calls > 2) return undefined
    return calls === 1 ? { status: 404 } : release.promise
  })
  const [first = 0] = await reach('stopped,waiting,waiting,waiting')
  await until('the second to be on its way', async () => calls === 2)

  t.equal(await replay(first), 0)
  release.resolve(undefined)
  await reach('stopped,delivered,delivered,delivered')
  t.same(statuses(), ['delivered', 'read'])
})
