import { asc } from 'drizzle-orm'
import t from 'tap'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { until } from '../harness.ts'
import { call, hookHost, incoming, status, unstorable } from './hook.ts'

/** Events of a gateway, and the CRM's statuses and messages that follow. */

type Setup = Awaited<ReturnType<typeof hookHost>>

t.test('the same message twice is one message, one after the other or at once', async t => {
  const { host, webhook } = await hookHost(t)
  await call(webhook, [incoming('m1', '+5511'), incoming('m1', '+5511')])
  await call(webhook, [incoming('m1', '+5511')])
  const answers = await Promise.all(Array.from({ length: 10 }, () => call(webhook, [incoming('m2', '+5511')])))
  t.same(new Set(answers.map(answer => answer.status)), new Set([201]), 'the gateway is told that each was taken')
  t.equal((await told({ host })).length, 2)
})

t.test('a gateway’s name for a message is its account’s own', async t => {
  const { host, webhook, register } = await hookHost(t)
  const other = await register('other')
  await call(webhook, [incoming('m1', '+5511')])
  await call(other.webhook, [incoming('m1', '+5511')])
  t.equal((await told({ host })).length, 2)
})

t.test('a status goes forward only, and the CRM hears each once', async t => {
  const setup = await hookHost(t)
  const { plugin, webhook } = setup
  const [id] = await send(setup, ['+5511'])
  for (const step of ['delivered', 'sent', 'delivered', 'read', 'error', 'delivered', 'sent'] as const)
    t.equal((await call(webhook, [status('g1', step)])).status, 201, step)

  await until('the CRM to hear', async () => plugin.statuses(id ?? '').length === 2)
  t.same(plugin.statuses(id ?? ''), ['delivered', 'read'])
  t.same(
    (await told(setup)).map(({ dedupe }) => dedupe),
    [`status delivered ${id}`, `status read ${id}`]
  )
})

t.test('an error is final before delivery, and none after it', async t => {
  const setup = await hookHost(t)
  const { plugin, webhook } = setup
  const [failed = '', fine = ''] = await send(setup, ['+5511', '+5522'])
  await call(webhook, [
    status('g1', 'sent'),
    { ...status('g1', 'error'), reason: 'no such number' },
    status('g1', 'read')
  ])
  await call(webhook, [status('g2', 'delivered'), status('g2', 'error')])

  await until('the CRM to hear', async () => plugin.statuses(failed).length + plugin.statuses(fine).length === 3)
  t.same(plugin.statuses(failed), ['sent', 'error'])
  t.same(plugin.statuses(fine), ['delivered'])
  const rows = await setup.host.database.db.select().from(messages).orderBy(asc(messages.id))
  t.match(rows, [
    { status: 'error', reason: 'no such number' },
    { status: 'delivered', reason: null }
  ])
})

t.test('a status that gets a message no further is in its story if it says why, once', async t => {
  const setup = await hookHost(t)
  const { plugin, webhook } = setup
  const [id = ''] = await send(setup, ['+5511'])
  const charged = { ...status('g1', 'sent'), reason: 'charged' }
  await call(webhook, [status('g1', 'sent'), charged, charged])
  await call(webhook, [charged, status('g1', 'delivered'), { ...status('g1', 'error'), reason: 'too late' }, charged])

  await until('the CRM to hear', async () => plugin.statuses(id).length === 2)
  const [row] = await setup.host.database.db.select().from(messages)
  t.match(row, { status: 'delivered', reason: null })
  t.same(
    row?.story.slice(1).map(({ at: _, ...chapter }) => chapter),
    [
      { kind: 'status', status: 'sent' },
      { kind: 'noted', status: 'sent', reason: 'charged' },
      { kind: 'status', status: 'delivered' },
      { kind: 'noted', status: 'error', reason: 'too late' }
    ]
  )
})

t.test('a call with news of several conversations is taken as a whole, in its order', async t => {
  const setup = await hookHost(t)
  const { crm, plugin, webhook } = setup
  const [first = '', second = ''] = await send(setup, ['+5511', '+5522'])
  const answer = await call(webhook, [
    incoming('m1', '+5533', 'one'),
    status('g2', 'sent'),
    incoming('m2', '+5511', 'two'),
    status('g1', 'delivered'),
    incoming('m3', '+5533', 'three'),
    status('g2', 'read'),
    status('nobody', 'read')
  ])
  t.equal(answer.status, 201)

  await until('the CRM to hear', async () => (await told(setup)).every(({ state }) => state === 'delivered'))
  t.same(plugin.statuses(first), ['delivered'])
  t.same(plugin.statuses(second), ['sent', 'read'])
  const heard = crm.events.flatMap(event => (event.type === 'incoming' ? [event] : []))
  t.same(
    heard.filter(({ contact }) => contact === '+5533').map(({ message }) => message.content?.text),
    ['one', 'three']
  )
  t.equal(heard.length, 3)
})

t.test('what is no event is left out of a call, and the others of it are taken', async t => {
  const { host, webhook } = await hookHost(t)
  const answer = await call(webhook, [incoming('m1', '+5511'), unstorable, incoming('m2', '+5511')])
  t.equal(answer.status, 201)
  t.same(
    (await told({ host })).map(({ dedupe }) => dedupe),
    ['incoming m1', 'incoming m2']
  )
})

t.test('calls whose conversations cross are all taken', async t => {
  const setup = await hookHost(t)
  const { webhook } = setup
  await send(setup, ['+5511', '+5522'])
  const answers = await Promise.all(
    Array.from({ length: 40 }, (_, index) =>
      call(
        webhook,
        index % 2
          ? [incoming(`a${index}`, '+5511'), status('g2', 'sent')]
          : [incoming(`b${index}`, '+5522'), status('g1', 'sent')]
      )
    )
  )
  t.same(new Set(answers.map(answer => answer.status)), new Set([201]))
  t.equal((await told(setup)).filter(({ kind }) => kind === 'incoming').length, 40)
})

t.test('a status that came with the answer to its message is applied soon, whatever else nobody knows', async t => {
  const setup = await hookHost(t)
  const { plugin, webhook, host } = setup
  const [id = ''] = await send(setup, ['+5511'])
  await call(webhook, [status('nobody', 'read')])
  const looked = async () =>
    (await host.database.sql`select from graphile_worker.jobs where key like 'early later %'`).length > 0
  await until('the host to have looked for what nobody knows', looked)
  // As if neither the send nor the status had seen the other.
  await call(webhook, [status('missed', 'delivered')])
  await host.database.db.update(messages).set({ ref: 'missed' })
  await until('the CRM to hear', async () => plugin.statuses(id).includes('delivered'))
})

t.test('a status that overtakes the answer to its message is not lost', async t => {
  const setup = await hookHost(t)
  const { gateway, plugin, webhook } = setup
  gateway.answerWith(async () => {
    t.equal((await call(webhook, [status('early', 'delivered')])).status, 201)
    return { ref: 'early' }
  })
  const [id = ''] = await send(setup, ['+5511'])
  await until('the CRM to hear', async () => plugin.statuses(id).length > 0, 5_000)
  t.same(plugin.statuses(id), ['delivered'])
})

t.test('what a customer wrote last goes with the next message to them', async t => {
  const setup = await hookHost(t)
  const at = '2026-01-02T03:04:05.678Z'
  await call(setup.webhook, [
    { ...incoming('m2', '+5511'), at: new Date(at), context: { reply: [1, 'two'] } },
    { ...incoming('m1', '+5511'), at: new Date('2025-01-01'), context: 'older' }
  ])
  await send(setup, ['+5511'])
  t.match(setup.gateway.asked, [{ body: { lastIncoming: { ref: 'm2', at, context: { reply: [1, 'two'] } } } }])
})

t.test(
  'a channel’s context of a message comes back as it was, even a text that looks like a number or holds NUL',
  async t => {
    const setup = await hookHost(t)
    for (const context of ['0123', '9007199254740993', 'null', { id: '7' }, 'a\0b']) {
      await call(setup.webhook, [{ ...incoming(JSON.stringify(context), '+5511'), context }])
      await send(setup, ['+5511'])
      const asked = setup.gateway.asked.at(-1)?.body.lastIncoming as { context: unknown } | undefined
      t.strictSame(asked?.context, context)
    }
  }
)

t.test('a message whose time is none, or still to come, came now', async t => {
  const setup = await hookHost(t)
  for (const time of ['soon', '2999-01-01', '-000001-01-01T00:00:00Z']) {
    const before = Date.now()
    const event = { ...incoming(time, '+5511'), at: time as unknown as Date }
    t.equal((await call(setup.webhook, [event])).status, 201, time)
    await send(setup, ['+5511'])
    const last = setup.gateway.asked.at(-1)?.body.lastIncoming as { ref: string; at: string } | undefined
    t.equal(last?.ref, time)
    const at = Date.parse(last?.at ?? '')
    t.ok(at >= before && at <= Date.now(), String(last?.at))
  }
})

t.test('what came last is what arrived last, where a time cannot be read or contradicts that', async t => {
  const setup = await hookHost(t)
  const ago = (ms: number) => new Date(Date.now() - ms)
  const last = async (...events: ReturnType<typeof incoming>[]) => {
    for (const event of events) await call(setup.webhook, [event])
    await send(setup, ['+5511'])
    return (setup.gateway.asked.at(-1)?.body.lastIncoming as { ref: string } | undefined)?.ref
  }
  const at = (ref: string, time: unknown) => ({ ...incoming(ref, '+5511'), at: time as Date })
  t.equal(await last(at('m1', 'soon'), at('m2', ago(3_000))), 'm2', 'the gateway took a moment')
  t.equal(await last(at('m3', '2999-01-01'), at('m4', ago(60_000))), 'm4')
  t.equal(await last(incoming('m5', '+5511'), at('m6', ago(2_000))), 'm6')
  t.equal(await last(at('m7', ago(5_000)), at('m8', 'soon')), 'm8')
  t.equal(await last(at('m9', ago(1_000)), at('m10', ago(9_000))), 'm9', 'one that is late has its own time')
  t.equal(await last(at('m11', new Date(Date.now() + 20_000)), at('m12', ago(90_000))), 'm11', 'clocks differ')

  await call(setup.webhook, [at('m13', 'soon'), at('m14', ago(3_000)), at('m15', ago(8_000))])
  t.equal(await last(), 'm14', 'in one call too')
})

/** Messages that the gateway has taken, named g1, g2… in this order. The CRM's ids of them. */
async function send({ plugin, host }: Setup, contacts: readonly string[]): Promise<string[]> {
  const ids: string[] = []
  for (const contact of contacts) {
    const { message } = await plugin.send({ contact, content: { text: 'hello', format: 'text' } })
    ids.push(message.id)
    await until('the gateway to have it', async () => {
      const rows = await host.database.db.select().from(messages)
      return rows.some(({ crmId, state }) => crmId === message.id && state === 'accepted')
    })
  }
  return ids
}

function told({ host }: Pick<Setup, 'host'>) {
  return host.database.db.select().from(outbox).orderBy(asc(outbox.id))
}
