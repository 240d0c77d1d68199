import type { Outcome } from 'channel-kit/outcome'
import { asc, eq } from 'drizzle-orm'
import t from 'tap'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { talkingHost, wrote } from '../conversation-fixture.ts'
import { TEST_SECRETS, until } from '../harness.ts'

t.test('memory: what a channel chose to remember last of a conversation goes with its next message', async t => {
  const { post, reach, report, script } = await talkingHost(
    t,
    async ({ id, content }): Promise<Outcome> => ({
      kind: 'accepted',
      ref: `ref-${id}`,
      ...(content?.text === 'remember' ? { remember: { sent: 'nul \0 \ud800' } } : {})
    })
  )
  const memoryOf = async (contact = '1') => {
    const before = script.handed.length
    await reach(await post(contact, 'hello'), 'accepted')
    return script.handed[before]?.conversation.memory
  }
  t.equal(await memoryOf(), null)
  await reach(await post('1', 'remember'), 'accepted')
  t.same(await memoryOf(), { sent: 'nul \0 \ud800' })
  t.equal(await memoryOf('2'), null, 'another conversation has its own')

  const [first] = script.handed
  await report({ kind: 'status', ref: `ref-${first?.id}`, status: 'delivered', remember: 'a status\0' })
  t.equal(await memoryOf(), 'a status\0')
  await report({ ...wrote('m1', '1'), remember: ['a message'], context: 'nul \0' })
  t.same(await memoryOf(), ['a message'])
  t.same(script.handed.at(-1)?.conversation.lastIncoming?.context, 'nul \0')
  await report({ ...wrote('m2', '1'), remember: null })
  t.equal(await memoryOf(), null)
  await report({ ...wrote('m1', '1'), remember: 'what is reported again is old' })
  t.equal(await memoryOf(), null)
})

t.test('memory: a status that came before its message was known is remembered with it', async t => {
  const { post, reach, report, script } = await talkingHost(t, async ({ id }) => ({
    kind: 'accepted',
    ref: `ref-${id}`
  }))
  await reach(await post('1', 'one'), 'accepted')
  const next = Number(script.handed[0]?.id) + 1
  await report({ kind: 'status', ref: `ref-${next}`, status: 'read', remember: { early: true } })
  await reach(await post('1', 'two'), 'accepted')
  await until('it to be applied', async () => {
    await reach(await post('1', 'look'), 'accepted')
    return script.handed.at(-1)?.conversation.memory !== null
  })
  t.same(script.handed.at(-1)?.conversation.memory, { early: true })
})

t.test('automatic answer: it is sent like a message, once, and the CRM is told nothing of it', async t => {
  let closed = true
  const { db, crm, post, reach, report, script } = await talkingHost(t, async message =>
    closed ? { kind: 'retry', reason: 'closed', afterMs: 400 } : { kind: 'accepted', ref: `ref-${message.id}` }
  )
  const answer = (ref: string, contact: string, words: string) =>
    ({ kind: 'answer', ref, contact, content: { text: words, format: 'text' } }) as const
  await post('1', 'first')
  await until('an attempt', async () => script.handed.length === 1)
  closed = false
  await report(answer('to m1', '1', 'we are away'), answer('to m1', '1', 'we are away'), answer('to m2', '2', 'hi'))
  await report(answer('to m1', '1', 'we are away'))
  const last = await post('1', 'last')
  await reach(last, 'accepted')
  await until('the other one', async () => script.texts().includes('hi'))

  t.same(
    script.handed.filter(({ contact }) => contact === '1').map(({ content }) => content?.text),
    ['first', 'first', 'we are away', 'last']
  )
  const rows = await db.select().from(messages).where(eq(messages.answer, 'to m1'))
  t.match(rows, [{ crmId: null, state: 'accepted', story: [{ kind: 'attempt', outcome: 'accepted' }] }])
  await report({ kind: 'status', ref: `ref-${rows[0]?.id}`, status: 'error' })
  t.match(await db.select().from(messages).where(eq(messages.answer, 'to m1')), [{ status: 'error' }])
  t.equal(await db.$count(outbox), 0)
  t.same(
    crm.events.filter(({ type }) => type === 'status'),
    []
  )
})

t.test('automatic answer: it may be scheduled with the outcome of an attempt', async t => {
  const { script, post } = await talkingHost(t, async ({ id, contact, content }) => ({
    kind: 'accepted',
    ref: id,
    later:
      content?.text === 'hello'
        ? [{ afterMs: 0, events: [{ kind: 'answer', ref: id, contact, content: { text: 'echo', format: 'text' } }] }]
        : []
  }))
  await post('1', 'hello')
  await until('it to be sent', async () => script.handed.length === 2)
  t.same(script.texts(), ['hello', 'echo'])
})

t.test('memory: an erased conversation keeps nothing of it', async t => {
  const { eraseContact } = await import('../../src/messages/erase.ts')
  const { db, host, report } = await talkingHost(t, async () => ({ kind: 'rejected', reason: 'no' }))
  await report({ ...wrote('m1', '1'), remember: 'secret' }, wrote('m2', '2'))
  await report({ kind: 'answer', ref: 'a', contact: '1', content: { text: 'secret', format: 'text' } })
  await eraseContact(host.database, '1', { onlyCount: false, secrets: TEST_SECRETS })
  t.match(await db.select().from(conversations).orderBy(asc(conversations.id)), [{ contact: '2' }])
  t.equal(await db.$count(messages), 0)
})
