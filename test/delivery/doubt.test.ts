import type { Outcome, Outgoing } from 'channel-kit/outcome'
import { eq } from 'drizzle-orm'
import t from 'tap'
import { replayMessages } from '../../src/messages/replay.ts'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { testGateway } from '../channels/gateway.ts'
import { reportTo, talkingHost } from '../conversation-fixture.ts'
import { until } from '../harness.ts'
import { taken } from '../scripted-channel.ts'

const AWAITING: Outcome = { kind: 'unknown', reason: 'silence', awaitMs: 60_000 }
const named = (id: string, part?: number) => ({
  kind: 'status' as const,
  ref: `gateway-${id}`,
  status: 'delivered' as const,
  message: { id, ...(part === undefined ? {} : { part }) }
})

t.test(
  'a message in doubt waits, alone with its conversation, and is handed over again when the time is over',
  async t => {
    const { post, reach, script } = await talkingHost(t, async message =>
      message.content?.text === 'first' && message.attempt === 1 ? { ...AWAITING, awaitMs: 300 } : taken(message)
    )
    const id = await post('doubt', 'first')
    await until('the attempt', async () => script.handed.length === 1)
    const second = await post('doubt', 'second')
    await reach(await post('other', 'meanwhile'), 'accepted')
    await reach(second, 'accepted')

    t.same(script.texts(), ['first', 'meanwhile', 'first', 'second'])
    t.match((await reach(id, 'accepted')).story, [
      { kind: 'attempt', number: 1, outcome: 'unknown' },
      { kind: 'attempt', number: 2, outcome: 'accepted' }
    ])
  }
)

t.test('a status that names a message in doubt settles it at once, and it is not sent again', async t => {
  const { post, reach, report, heard, script } = await talkingHost(t, async () => AWAITING)
  const id = await post('1', 'hello')
  await until('the attempt', async () => script.handed.length === 1)
  await reach(id, 'waiting')
  await report(named(script.handed[0]?.id ?? ''))

  const row = await reach(id, 'accepted')
  t.same(await heard(id, 1), ['delivered'])
  t.match(row, { ref: `gateway-${script.handed[0]?.id}`, attempts: 1 })
  t.match(row.story, [
    { kind: 'attempt', outcome: 'unknown' },
    { kind: 'status', status: 'delivered' },
    { kind: 'confirmed', ref: row.ref }
  ])
  t.equal(script.handed.length, 1)
})

t.test(
  'one of several parts in doubt is accepted when all were named, and else handed over with those that were',
  async t => {
    const { post, reach, report, script } = await talkingHost(t, async ({ contact, attempt }) => {
      if (attempt > 1) return { kind: 'accepted', ref: 'again' }
      return contact === 'all' ? { ...AWAITING, parts: 2 } : { ...AWAITING, parts: 2, awaitMs: 500 }
    })
    const [all, some] = [await post('all', 'hello'), await post('some', 'hello')]
    await until('the attempts', async () => script.handed.length === 2)
    const idOf = (contact: string) => script.handed.find(one => one.contact === contact)?.id ?? ''
    await Promise.all([reach(all, 'waiting'), reach(some, 'waiting')])
    await report(named(idOf('all'), 0), { ...named(idOf('all'), 1), ref: 'second' }, named(idOf('some'), 0))

    t.match(await reach(all, 'accepted'), { ref: `gateway-${idOf('all')}` })
    await reach(some, 'accepted')
    t.same(script.handed.filter(({ contact }) => contact === 'all').length, 1)
    t.same(script.handed.at(-1)?.sent, [{ part: 0, ref: `gateway-${idOf('some')}` }])
  }
)

t.test('a status that names a message while it is being sent is not lost', async t => {
  const answers = new Map<string, (outcome: Outcome) => void>()
  const { post, reach, report, heard, script } = await talkingHost(
    t,
    ({ contact }) => new Promise<Outcome>(resolve => answers.set(contact, resolve))
  )
  const outcomes: Record<string, Outcome> = {
    accepted: { kind: 'accepted', ref: 'another' },
    unknown: { kind: 'unknown', reason: 'silence' },
    waiting: AWAITING
  }
  const ids = await Promise.all(
    Object.keys(outcomes).map(async contact => [contact, await post(contact, 'hi')] as const)
  )
  await until('all to be in hand', async () => answers.size === 3)
  await report(...script.handed.map(({ id }) => named(id)))
  for (const [contact, id] of ids) {
    answers.get(contact)?.(outcomes[contact] as Outcome)
    t.match(await reach(id, 'accepted'), { attempts: 1, state: 'accepted' }, contact)
    t.same(await heard(id, 1), ['delivered'], contact)
  }
  t.equal(script.handed.length, 3)
})

t.test('an id of another registration’s message, or of none, names nothing', async t => {
  const { post, reach, report, join, script, row } = await talkingHost(t, async () => AWAITING)
  const id = await post('1', 'hello')
  await until('the attempt', async () => script.handed.length === 1)
  await reach(id, 'waiting')
  const own = script.handed[0]?.id ?? ''
  await reportTo((await join()).webhook, [named(own)])
  await report(...['', 'x', '-1', '1e3', `${own}0`, '9'.repeat(400), `${own}; drop`].map(other => named(other)))
  t.match(await row(id), { state: 'waiting', inParts: false, status: null })
})

t.test('where statuses name messages, one that may have left waits for one before it is given up', async t => {
  const gateway = await testGateway(t, () => new Promise(() => {}))
  const { post, reach, report, heard, script } = await talkingHost(
    t,
    async (_message: Outgoing, { fetch }) => {
      await fetch(gateway.url, { method: 'POST', body: '{}' })
      return { kind: 'rejected', reason: 'never reached' }
    },
    { channel: { confirmsMs: 1_000 }, env: { LV_PLUGIN_CHAT_SEND_TIMEOUT: '200ms' } }
  )
  const [silent, confirmed] = [await post('silent', 'hello'), await post('confirmed', 'hello')]
  await Promise.all([silent, confirmed].map(id => until('doubt', async () => (await reach(id, 'waiting')).doubt)))
  await report(named(script.handed.find(({ contact }) => contact === 'confirmed')?.id ?? ''))

  t.match(await reach(confirmed, 'accepted'), { attempts: 1 })
  const row = await reach(silent, 'failed')
  t.match(row, { attempts: 1, reason: /^uncertain: it may have been sent/ })
  t.match(row.story, [{ kind: 'attempt', outcome: 'unknown' }, { kind: 'unconfirmed' }])
  t.same(await heard(silent, 1), ['error'])
  t.equal(script.handed.length, 2, 'neither was sent again')
})

t.test('a message that a crash interrupted waits so too, and is sent again only where that is allowed', async t => {
  const { db, post, reach, report, script } = await talkingHost(
    t,
    async () => ({ kind: 'retry', reason: 'busy', afterMs: 60_000 }),
    { channel: { confirmsMs: 600 } }
  )
  const [silent, confirmed] = [await post('silent', 'hello'), await post('confirmed', 'hello')]
  await until('the attempts', async () => script.handed.length === 2)
  await Promise.all([silent, confirmed].map(id => until('both', async () => (await reach(id, 'waiting')).reason)))
  // As a host leaves them that dies in the midst of it.
  for (const crmId of [silent, confirmed]) {
    const [one] = await db.update(messages).set({ state: 'sending' }).where(eq(messages.crmId, crmId)).returning()
    const due = { sendingDue: new Date() }
    await db
      .update(conversations)
      .set(due)
      .where(eq(conversations.id, one?.conversationId ?? 0))
    await db.execute(`select graphile_worker.add_job('send', '{"registration": ${one?.registrationId}}')`)
  }
  const { id } = await until('doubt', async () => {
    const row = await reach(confirmed, 'waiting')
    return row.doubt ? row : undefined
  })
  await report(named(String(id), 0))

  t.match(await reach(silent, 'failed'), {
    reason: 'uncertain: it may have been sent (a host was stopped while it was sending)'
  })
  await until('the one that was heard of to be handed over', async () => script.handed.length === 3)
  t.match(script.handed.at(-1), { contact: 'confirmed', sent: [{ part: 0, ref: `gateway-${id}` }] })
})

t.test('a replay is not taken for sent by what is still reported of the send that failed', async t => {
  const { host, post, reach, report, heard, script, row } = await talkingHost(t, async ({ id, attempt, content }) => {
    if (content?.text === 'twice' && script.handed.filter(one => one.id === id).length === 2)
      return { kind: 'retry', reason: 'busy', afterMs: 500 }
    return { kind: 'accepted', ref: `${id} ${attempt}` }
  })
  const id = await post('1', 'twice')
  const { id: own } = await reach(id, 'accepted')
  const failed = { ...named(String(own)), ref: `${own} 1`, status: 'error' as const }
  await report(failed)
  await heard(id, 1)
  await replayMessages(host.database, [own], new Date())
  await until('the second attempt', async () => (await row(id))?.reason === 'busy')
  await report(failed, { ...failed, message: { id: String(own), part: 0 } })
  t.match(await row(id), { state: 'waiting', status: null, doubt: null })

  t.match(await reach(id, 'accepted'), { ref: `${own} 2`, status: null })
  await report(failed, { ...named(String(own)), ref: `${own} 2` })
  t.same(await heard(id, 2), ['error', 'delivered'])
  t.equal(script.handed.length, 3)
})

t.test('a message that was given up, and then heard of, is not sent once more by a replay', async t => {
  const { host, post, reach, report, heard, script } = await talkingHost(t, async () => ({
    kind: 'unknown',
    reason: 'silence'
  }))
  const id = await post('1', 'hello')
  const { id: own } = await reach(id, 'failed')
  await report(named(String(own)))
  await replayMessages(host.database, [own], new Date())
  t.match(await reach(id, 'accepted'), { ref: `gateway-${own}` })
  t.same(await heard(id, 2), ['error', 'delivered'])
  t.equal(script.handed.length, 1)
})
