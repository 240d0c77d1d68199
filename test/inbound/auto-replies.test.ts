import type { GatewayEvent } from 'channel-kit/event'
import type { Outgoing } from 'channel-kit/outcome'
import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { replayMessages } from '../../src/messages/replay.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { talkingHost, wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'

/** Automatic answers of channels, and the messages that they answer. */

const AT = new Date('2026-01-02T03:04:05Z')

const answer = (answers: string, words: string, contact = '1'): GatewayEvent => ({
  kind: 'answer',
  ref: `to ${answers}`,
  answers,
  contact,
  content: { text: words, format: 'text' }
})

/** A gateway that refuses until it is opened. */
async function closed(t: Test) {
  let isClosed = true
  const talking = await talkingHost(t, async ({ id }) =>
    isClosed ? { kind: 'retry', reason: 'closed', afterMs: 50 } : { kind: 'accepted', ref: `ref-${id}` }
  )
  const attempts = (count: number) => until(`${count} attempts`, async () => talking.script.handed.length >= count)
  const open = () => {
    isClosed = false
  }
  return { ...talking, attempts, open }
}

const answered = (handed: readonly Outgoing[], words: string) =>
  handed.filter(({ content }) => content?.text === words).map(({ answers }) => answers)

t.test(
  'automatic answer: every attempt has the message that it answers, whatever the customer has written since',
  async t => {
    const { report, attempts, open, script, db } = await closed(t)
    await report({ ...wrote('m1', '1'), at: AT, context: { billed: '1\0' } }, answer('m1', 'hello'))
    await attempts(2)
    await report({ ...wrote('m2', '1'), context: { billed: '2' } }, answer('m2', 'again'))
    const [first] = await db.select().from(messages).where(eq(messages.answer, 'to m1'))
    open()
    await until('both', async () => script.texts().includes('again'))

    const all = answered(script.handed, 'hello')
    t.ok(all.length > 1, 'there were several attempts')
    for (const one of all) t.same(one, { ref: 'm1', at: AT, context: { billed: '1\0' } })
    t.match(answered(script.handed, 'again').at(-1), { ref: 'm2', context: { billed: '2' } })
    t.equal(script.handed.at(-1)?.conversation.lastIncoming?.ref, 'm2')

    await until('it to be settled', async () => (await db.$count(messages, eq(messages.state, 'accepted'))) === 2)
    await report({ kind: 'status', ref: `ref-${first?.id}`, status: 'error' })
    await replayMessages({ db }, [first?.id ?? 0], new Date())
    await until('it to be sent once more', async () => answered(script.handed, 'hello').length > all.length)
    t.match(answered(script.handed, 'hello').at(-1), { ref: 'm1', at: AT }, 'a replay too')
  }
)

t.test('automatic answer: a later one has the last message whole, and of older ones their refs', async t => {
  const { report, script } = await talkingHost(t, async ({ id }) => ({ kind: 'accepted', ref: id }))
  await report({ ...wrote('m1', '1'), at: AT, context: 'one' })
  await report(answer('m1', 'to the last'))
  await report({ ...wrote('m2', '1'), context: 'two' })
  await report({ ...answer('m1', 'to an older one'), ref: 'another' } as GatewayEvent)
  await report({ ...answer('m2', 'of another contact', '2'), ref: 'a third' } as GatewayEvent)
  await until('them to be sent', async () => script.handed.length === 3)
  t.same(answered(script.handed, 'to the last'), [{ ref: 'm1', at: AT, context: 'one' }])
  t.match(answered(script.handed, 'to an older one'), [{ ref: 'm1', context: null }])
  t.match(answered(script.handed, 'of another contact'), [{ ref: 'm2', context: null }])
})

t.test('automatic answer: one that names no message is sent without an answered one', async t => {
  const { report, post, reach, script } = await talkingHost(t, async ({ id }) => ({ kind: 'accepted', ref: id }))
  await report(wrote('m1', '1'), { ...answer('m1', 'bare'), answers: undefined } as unknown as GatewayEvent)
  await until('it to be sent', async () => script.handed.length === 1)
  await reach(await post('1', 'of the CRM'), 'accepted')
  for (const message of script.handed) t.notOk('answers' in message)
})

t.test('automatic answer: the ref of the answered message has at most 512 characters', async t => {
  const { report, script } = await talkingHost(t, async ({ id }) => ({ kind: 'accepted', ref: id }))
  const event = (length: number) => ({ ...answer('m', String(length)), ref: `a${length}`, answers: 'm'.repeat(length) })
  await report(event(513) as GatewayEvent, event(512) as GatewayEvent)
  await until('it to be sent', async () => script.handed.length > 0)
  t.same(script.texts(), ['512'])
})
