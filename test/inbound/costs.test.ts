import { readOutcome, readReceived } from 'channel-kit/answer'
import type { Cost, StatusEvent } from 'channel-kit/event'
import { asc } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { outcomeOf } from '../../src/channels/contract.ts'
import { findMessages } from '../../src/messages/queries.ts'
import { replayMessages } from '../../src/messages/replay.ts'
import { events } from '../../src/postgres/schema/events.ts'
import { messageParts } from '../../src/postgres/schema/messages.ts'
import { earlyStatuses } from '../../src/postgres/schema/statuses.ts'
import { talkingHost } from '../conversation-fixture.ts'
import { until } from '../harness.ts'

/** Codes and prices of statuses: kept with the message or its part, and told by the feed once. */

const MARKETING: Cost = { unit: 'message', category: 'marketing', type: 'regular', model: 'PMP' }
const SERVICE: Cost = { unit: 'message', category: 'service', amount: 0.05, currency: 'EUR' }

t.test(
  'a price is kept with its message and told once, also where its status comes too late to advance anything',
  async t => {
    const { report, sent, found, told, db } = await build(t)
    const { id, ref } = await sent('anna')
    await report(status(ref, 'sent', { cost: MARKETING }))
    await report(status(ref, 'delivered', { cost: MARKETING, code: 'D1' }))
    t.match(await found(id), { cost: MARKETING, code: 'D1', status: 'delivered' })
    t.match((await found(id)).chapters.slice(1), [
      { kind: 'status', status: 'sent', cost: MARKETING },
      { kind: 'status', status: 'delivered', code: 'D1', cost: undefined }
    ])
    t.same(await told(id), [
      { message: id, status: 'sent', cost: MARKETING },
      { message: id, status: 'delivered', code: 'D1' }
    ])

    const late = await sent('bob')
    await report(status(late.ref, 'read'))
    await report(status(late.ref, 'sent', { cost: SERVICE }), status(late.ref, 'delivered', { cost: MARKETING }))
    t.match(await found(late.id), { cost: SERVICE, status: 'read' })
    t.same(await told(late.id), [
      { message: late.id, status: 'read' },
      { message: late.id, status: 'read', cost: SERVICE }
    ])

    const failed = await sent('carla')
    await report(status(failed.ref, 'error', { code: '131026', reason: 'no such number' }))
    t.match(await found(failed.id), { code: '131026' })
    await replayMessages({ db }, [failed.id], new Date())
    t.match(await found(failed.id), { code: null, cost: null })
  }
)

t.test('each part of a message has its price, and the message as a whole has none to be counted twice', async t => {
  const { report, sent, found, told, db } = await build(t)
  const { id, ref } = await sent('in parts')
  await report(status(ref, 'delivered', { cost: MARKETING }))
  await report(status(`${ref}-1`, 'delivered', { cost: SERVICE }))
  t.match(await found(id), { status: 'delivered', cost: null })
  const parts = await db.select().from(messageParts).orderBy(asc(messageParts.part))
  t.match(parts, [{ cost: MARKETING }, { cost: SERVICE }])
  t.same(await told(id), [
    { message: id, status: 'delivered', cost: MARKETING, part: 0 },
    { message: id, status: 'delivered', cost: SERVICE, part: 1 },
    { message: id, status: 'delivered' }
  ])
})

t.test('a code and a price of a status that is faster than its send are kept until its message is known', async t => {
  const { report, post, reach, found, told, db, answer } = await build(t)
  const crmId = await post('slow', 'hello')
  const handed = await until('the send to begin', async () => answer.refs[0])
  await report(status(handed, 'sent', { cost: SERVICE, code: 'A0' }))
  t.match(await db.select().from(earlyStatuses), [{ more: { cost: SERVICE, code: 'A0' } }])
  answer.go()
  const { id } = await reach(crmId, 'accepted')
  await until('the status to be applied', async () => (await found(id)).status === 'sent')
  t.match(await found(id), { cost: SERVICE, code: 'A0' })
  t.same(await told(id), [{ message: id, status: 'sent', cost: SERVICE, code: 'A0' }])
})

t.test('a code or a price that is none is left out with a word in the log, and never the status', async t => {
  const wrong: unknown[] = [
    { cost: 'much' },
    { cost: { category: 'marketing' } },
    { cost: { ...SERVICE, amount: -1 } },
    { cost: { ...SERVICE, currency: 'euro' } },
    { cost: { ...SERVICE, unit: 'x'.repeat(65) } },
    { cost: { ...SERVICE, unit: 'a\0b' } },
    { cost: { ...SERVICE, more: 'x'.repeat(100_000) } },
    { code: 131026 },
    { code: 'x'.repeat(65) },
    { code: '\ud800' }
  ]
  for (const fields of wrong) {
    const one = { ...status('r', 'sent'), ...(fields as object) }
    const received = readReceived({ events: [one, { kind: 'either', statuses: [one] }], reply: { status: 200 } })
    if (!('value' in received)) throw new Error('the report is lost')
    const bare = status('r', 'sent')
    t.same(received.value.events, [bare, { kind: 'either', statuses: [bare] }])
    t.match(received.value.wrong, [/^\/events\/0\/co.*left out$/, /^\/events\/1\/statuses\/0\/co.*left out$/])

    const logged: unknown[] = []
    const answer = { kind: 'accepted', ref: 'r', later: [{ afterMs: 0, events: [one] }] }
    t.same(outcomeOf(answer, { error: (...line: unknown[]) => void logged.push(line) }), {
      ...answer,
      later: [{ afterMs: 0, events: [bare] }]
    })
    t.match(logged, [[{ event: 'channel.invalid_answer', verb: 'send', count: 1 }]])
  }
  const good = { kind: 'accepted', ref: 'r', later: [{ afterMs: 0, events: [status('r', 'sent', { cost: SERVICE })] }] }
  t.same(readOutcome(good), { value: good })
})

type Charged = Pick<StatusEvent, 'code' | 'cost' | 'reason'>

const status = (ref: string, status: StatusEvent['status'], more: Charged = {}): StatusEvent => ({
  kind: 'status',
  ref,
  status,
  ...more
})

async function build(t: Test) {
  const gate = Promise.withResolvers<void>()
  const answer = { refs: [] as string[], go: () => gate.resolve() }
  const talk = await talkingHost(t, async ({ id, contact }) => {
    const ref = `ref-${id}`
    answer.refs.push(ref)
    if (contact === 'slow') await gate.promise
    const sent = [0, 1].map(part => ({ part, ref: part === 0 ? ref : `${ref}-1` }))
    return { kind: 'accepted', ref, ...(contact === 'in parts' ? { sent } : {}) }
  })
  const { db, post, reach } = talk
  return {
    ...talk,
    answer,
    sent: async (contact: string) => {
      const { id } = await reach(await post(contact, 'hello'), 'accepted')
      return { id, ref: `ref-${id}` }
    },
    found: async (id: number) => {
      const [message] = await findMessages({ db }, { id })
      if (!message) throw new Error('there is no such message')
      return message
    },
    told: async (id: number) =>
      (await db.select().from(events).orderBy(asc(events.id))).flatMap(({ type, body }) =>
        type === 'message.status' && body.message === id ? [body] : []
      )
  }
}
