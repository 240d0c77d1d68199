import { eq } from 'drizzle-orm'
import { decodeJwt } from 'jose'
import type { Misbehave } from 'simulator/misbehaviour'
import t, { type Test } from 'tap'
import { backoffMs } from '../../src/outbox/deliver.ts'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { addJob } from '../../src/queue/jobs.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { scripted, text } from '../scripted-channel.ts'

/** A gateway that reports every step at once, and a reply. */
const chatty = () =>
  scripted(async ({ id, contact }) => {
    const ref = `ref-${id}`
    return {
      kind: 'accepted',
      ref,
      later: [
        {
          afterMs: 0,
          events: [
            { kind: 'status', ref, status: 'sent' },
            { kind: 'status', ref, status: 'delivered' },
            {
              kind: 'message',
              ref: `${ref}-reply`,
              contact,
              subject: null,
              content: { text: `re ${id}`, format: 'text' },
              attachments: []
            },
            { kind: 'status', ref, status: 'read' }
          ]
        }
      ]
    }
  })

async function build(t: Test, misbehave?: Misbehave) {
  let ahead = 0
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel: chatty().channel, path: '/' }],
    now: () => new Date(Date.now() + ahead)
  })
  const plugin = await crm.register(host.url)
  crm.misbehave(misbehave)
  const { db } = host.database
  /** Lets the host's clock jump, and has it look at what is due then. */
  const jump = async (ms: number) => {
    ahead += ms
    for (const { id } of await db.select({ id: registrations.id }).from(registrations))
      await addJob(db, 'tell', { registration: id })
  }
  /** The first item has been offered so often, and the ends of its offers are kept. */
  const offered = async (times: number) =>
    (await db.select().from(outbox).orderBy(outbox.id).limit(1))[0]?.attempts === times
  const states = async () => (await db.select().from(outbox).orderBy(outbox.id)).map(({ state }) => state)
  const toCrm = () => crm.exchanges().filter(({ direction, path }) => direction === 'to-crm' && path.includes('/CRM/'))
  return { crm, host, plugin, db, jump, offered, states, toCrm }
}

t.test('a conversation reaches the CRM in the order it happened', async t => {
  const { crm, plugin, states, toCrm } = await build(t)

  const { message } = await plugin.send(text('1', 'hello'))
  await until(
    'everything to be told',
    async () => (await states()).join() === 'delivered,delivered,delivered,delivered'
  )

  t.same(plugin.statuses(message.id), ['sent', 'delivered', 'read'])
  const order = toCrm()
    .toSorted((a, b) => a.id - b.id)
    .map(({ path }) => path.split('/').at(-1))
  t.same(order, ['status', 'status', 'incoming', 'status'])
  t.ok(crm.url)
})

t.test('while the CRM is away nothing is lost or reordered, and each attempt is signed anew', async t => {
  const { crm, plugin, jump, offered, states, toCrm } = await build(t, () => ({ status: 503 }))

  const { message } = await plugin.send(text('1', 'hello'))
  for (const tries of [1, 2, 3]) {
    await until(`attempt ${tries}`, () => offered(tries))
    await jump(60 * 60_000)
  }
  crm.misbehave()
  await jump(60 * 60_000)
  await until(
    'everything to be told',
    async () => (await states()).join() === 'delivered,delivered,delivered,delivered'
  )

  t.same(plugin.statuses(message.id), ['sent', 'delivered', 'read'])
  const bodies = toCrm()
    .toSorted((a, b) => a.id - b.id)
    .map(({ request }) => JSON.parse(request.body) as { request: string; __task: { attempt: { number: number } } })
  t.same(
    bodies.slice(0, 4).map(({ __task }) => __task.attempt.number),
    [0, 1, 2, 3]
  )
  const expiries = bodies.slice(0, 4).map(({ request }) => decodeJwt(request).exp as number)
  t.ok(
    expiries.every((exp, index) => index === 0 || exp > (expiries[index - 1] ?? 0)),
    'a fresh token each time'
  )
})

t.test(
  'an item that the CRM does not take for as long as settings say is parked, and the next one goes on',
  async t => {
    const { plugin, jump, states, toCrm } = await build(t, (_kind, { path }) =>
      path.endsWith('status') ? { status: 500 } : undefined
    )

    await plugin.send(text('1', 'hello'))
    await until('a first attempt', async () => toCrm().length === 1)
    await jump(73 * 3_600_000)

    await until('the first item to be parked', async () => (await states())[0] === 'parked')
    t.pass()
  }
)

t.test('a CRM that answers 418 hears nothing until it registers again, then everything', async t => {
  const { crm, plugin, host, states, toCrm, db } = await build(t, () => ({ status: 418 }))

  const { message } = await plugin.send(text('1', 'hello'))
  await until(
    'the registration to be archived',
    async () => (await db.select().from(registrations))[0]?.archivedAt ?? false
  )
  await until('the host to let go', async () => (await db.select().from(registrations))[0]?.tellingHost === null)
  crm.misbehave()
  const calls = toCrm().length
  t.equal(calls, 1)
  t.same(await states(), ['waiting', 'waiting', 'waiting', 'waiting'])

  await plugin.register()
  await until(
    'everything to be told',
    async () => (await states()).join() === 'delivered,delivered,delivered,delivered'
  )
  t.same(plugin.statuses(message.id), ['sent', 'delivered', 'read'])
  t.ok(host.url)
})

t.test('404 ends a status, 405 an incoming message, and what comes after them is told', async t => {
  const { plugin, states } = await build(t, kind => ({ status: kind === 'status' ? 404 : 405 }))

  await plugin.send(text('1', 'hello'))

  await until('everything to be ended', async () => (await states()).join() === 'stopped,stopped,stopped,stopped')
  t.pass()
})

t.test('another 2xx than expected counts as delivered, since telling it again would repeat it', async t => {
  const { plugin, db, states, toCrm } = await build(t, () => ({ status: 204 }))

  await plugin.send(text('1', 'hello'))

  await until(
    'everything to be told',
    async () => (await states()).join() === 'delivered,delivered,delivered,delivered'
  )
  t.equal(toCrm().length, 4)
  t.equal((await db.select().from(outbox))[0]?.reason, 'answered 204 instead of 200')
})

t.test('a CRM that hangs keeps nobody else waiting', async t => {
  const { plugin, crm, host } = await build(t)
  const slow = await testCrm(t)
  const hanging = await slow.register({
    selfUri: host.url,
    reference: { cid: '2', plugin: { alias: 'slow', id: '2' } }
  })
  slow.misbehave(() => ({ delayMs: 5_000 }))
  await Promise.all(Array.from({ length: 100 }, (_, index) => hanging.send(text(`c${index}`, 'hello'))))

  const { message } = await plugin.send(text('1', 'hello'))
  await crm.waitFor(event => event.type === 'status' && event.messageId === message.id && event.status === 'read')

  t.equal(hanging.statuses('none').length, 0)
})

t.test('when all is told, no host holds the registration and no conversation is due', async t => {
  const { plugin, db, states } = await build(t)

  await plugin.send(text('1', 'hello'))
  await until(
    'everything to be told',
    async () => (await states()).join() === 'delivered,delivered,delivered,delivered'
  )

  const [row] = await until('the host to let go', async () => {
    const rows = await db.select().from(registrations)
    return rows[0]?.tellingHost === null && rows[0]?.sendingHost === null ? rows : undefined
  })
  t.ok(row)
  t.match(await db.select().from(conversations).where(eq(conversations.contact, '1')), [
    { sendingDue: null, tellingDue: null }
  ])
})

t.test('the wait doubles from 5 seconds to 15 minutes, less up to a quarter by chance', async t => {
  t.same(
    [0, 1, 2, 7, 8, 500].map(failed => backoffMs(failed, 0)),
    [5_000, 10_000, 20_000, 640_000, 900_000, 900_000]
  )
  t.equal(backoffMs(0, 1), 3_750)
})
