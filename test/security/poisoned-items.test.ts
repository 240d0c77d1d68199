import { randomBytes } from 'node:crypto'
import type { GatewayEvent } from 'channel-kit/event'
import type { Outcome, Outgoing } from 'channel-kit/outcome'
import { eq } from 'drizzle-orm'
import t from 'tap'
import { messages, outbox } from '../../src/database/schema.ts'
import { until } from '../harness.ts'
import { taken, text } from '../scripted.ts'
import { talkingHost, wrote } from '../talking.ts'

/** What one tenant's gateway answers, or one item is, keeps nobody else's items. */

/** Characters that no index can make small. */
const random = (length: number) => randomBytes(length).toString('base64').slice(0, length)

const POISON = 'poison'

/** What no schema foresees in the type of an answer. */
const any = (value: unknown) => value as never

t.test('an id that is too long to be kept ends its own message, and the reason names it', async t => {
  const { post, reach, row, plugin } = await talkingHost(t, async message =>
    message.contact === POISON ? { kind: 'accepted', ref: random(12_000) } : taken(message)
  )
  const poisoned = await post(POISON, 'poison')
  const began = performance.now()
  const fine = await Promise.all(['1', '2', '3'].map(contact => post(contact, 'fine')))
  for (const id of fine) await reach(id, 'accepted')
  t.ok(performance.now() - began < 10_000)

  const { reason } = await reach(poisoned, 'failed')
  t.equal(
    reason,
    'uncertain: it may have been sent (the channel answered what is no outcome: send: /ref has more than 512 characters)'
  )
  await until('the CRM to hear', async () => plugin.statuses(poisoned).length > 0)
  t.same(plugin.statuses(poisoned), ['error'])
  t.match(await row(fine[0] ?? ''), { state: 'accepted' })
})

t.test('what is wrong in an outcome is named, and only a long reason is shortened', async t => {
  const answers: Record<string, unknown> = {
    'sent: /sent/0/ref': { kind: 'accepted', ref: 'a', sent: [{ part: 0, ref: random(600) }] },
    '/later/0/events/0/ref': {
      kind: 'accepted',
      ref: 'a',
      later: [{ afterMs: 0, events: [{ kind: 'status', ref: random(600), status: 'sent' }] }]
    },
    '/remember': { kind: 'accepted', ref: 'a', remember: random(300_000) },
    '/progress': { kind: 'retry', reason: 'r', progress: random(300_000) },
    '/kind is none of': { kind: 'done' },
    '/ is no object': true,
    '/ cannot be read': {
      get kind() {
        throw new Error('no')
      }
    },
    'goes too deep': { kind: 'accepted', ref: 'a', remember: nested(1_000) },
    'is a bigint': { kind: 'accepted', ref: 'a', remember: 1n }
  }
  const { post, reach } = await talkingHost(t, async ({ content }) =>
    content?.text === 'long' ? { kind: 'rejected', reason: 'x'.repeat(5_000) } : any(answers[content?.text ?? ''])
  )
  for (const [place] of Object.entries(answers)) {
    const { reason } = await reach(await post('1', place), 'failed')
    t.match(reason, place.split(': ').at(-1) as string, place)
    t.ok((reason ?? '').length < 500)
  }
  const { reason } = await reach(await post('1', 'long'), 'failed')
  t.equal(reason, `${'x'.repeat(1_999)}…`)
})

t.test('a message that the database refuses is set aside, and the others of its turn go on', async t => {
  const { post, reach, host, db } = await talkingHost(t, async message => ({
    ...((await taken(message)) as Extract<Outcome, { kind: 'accepted' }>),
    later: [{ afterMs: 0, events: [{ kind: 'status', ref: `ref-${message.id}`, status: 'sent' }] }]
  }))
  await post('first', 'so that there is a host')
  // As large as the index of messages takes it: what the CRM would be told of it is larger than its own index takes.
  const crmId = random(2_680)
  await host.database.sql`
    with conversation as (
      insert into conversations (registration_id, contact, sending_due) values (1, ${POISON}, now()) returning id
    )
    insert into messages (registration_id, conversation_id, crm_id, body)
    select 1, id, ${crmId}, ${JSON.stringify(text(POISON, 'poison'))}::text::json from conversation`
  const fine = await Promise.all(Array.from({ length: 20 }, (_, n) => post(String(n), 'fine')))
  for (const id of fine) await reach(id, 'accepted')

  const { reason } = await reach(crmId, 'failed')
  t.match(reason, /^uncertain: it may have been sent \(what became of it could not be stored: index row size/)
  t.notMatch(reason, crmId.slice(0, 50), 'nor does the reason have its content')
  const [conversation] = await db.query.conversations.findMany({ where: (c, { eq }) => eq(c.contact, POISON) })
  t.equal(conversation?.sendingDue, null, 'its conversation goes on')
})

t.test('an item for the CRM that cannot be settled is parked, and the others are told', async t => {
  const { report, host, db } = await talkingHost(t, taken)
  await host.database.sql`
    with conversation as (
      insert into conversations (registration_id, contact, telling_due) values (1, ${POISON}, now()) returning id
    )
    insert into outbox (registration_id, conversation_id, kind, body, dedupe, attempts)
    select 1, id, 'incoming', ${JSON.stringify({ chat: { contact: POISON }, message: { content: { text: 'x', format: 'text' }, attachments: [] } })}::text::json,
      'incoming poison', 2147483647 from conversation`
  await report(...['1', '2', '3'].map(contact => wrote(`r${contact}`, contact)))
  await until('all to be settled', async () => (await db.select().from(outbox)).every(({ settledAt }) => settledAt))
  const rows = await db.select().from(outbox)
  t.same(
    rows.filter(({ state }) => state === 'delivered').map(({ dedupe }) => dedupe),
    ['incoming r1', 'incoming r2', 'incoming r3']
  )
  t.match(
    rows.find(({ dedupe }) => dedupe === 'incoming poison'),
    { state: 'parked', reason: /could not be stored: integer out of range/ }
  )
})

t.test('what is no event is left out of a call and named, and the gateway gets its reply', async t => {
  const { report, incoming, host, crm } = await talkingHost(t, taken)
  const wrong: unknown[] = [
    { ...wrote(random(12_000), '1') },
    { kind: 'status', ref: random(12_000), status: 'sent' },
    { kind: 'status', ref: 7, status: 'sent' },
    { kind: 'status', ref: 'r', status: 'perhaps' },
    { kind: 'nonsense' },
    null,
    'text',
    [],
    { ...wrote('m1', random(400)) },
    { ...wrote('m2', '1'), content: { text: 'no format' } },
    { ...wrote('m3', '1'), content: { text: 5, format: 'text' } },
    { ...wrote('m4', '1'), content: null },
    { ...wrote('m5', '1'), attachments: [{ name: 'a', uri: 'https://a.example/', type: 'video' }] },
    { ...wrote('m6', '1'), attachments: [{ uri: 'https://a.example/', type: 'image' }] },
    { ...wrote('m7', '1'), attachments: [{ name: 'a', type: 'image' }] },
    { ...wrote('m8', '1'), context: random(300_000) },
    { kind: 'renamed', from: '1', to: random(400) },
    { kind: 'note', name: random(800), value: 1 },
    { kind: 'answer', ref: 'a', contact: '1', content: { text: random(70_000), format: 'text' } },
    { kind: 'either', statuses: [{ kind: 'status', ref: random(600), status: 'sent' }] }
  ]
  await report(...([wrote('first', '1', 'first'), ...wrong, wrote('last', '1', 'last')] as GatewayEvent[]))
  await crm.waitFor(event => event.type === 'incoming' && event.message.content?.text === 'last')
  t.same(
    incoming().map(({ message }) => message.content?.text),
    ['first', 'last']
  )
  t.equal((await host.database.db.select().from(outbox)).length, 2)
})

t.test('a customer’s message that is too long for one is told in several, whole', async t => {
  const { report, incoming } = await talkingHost(t, taken)
  const words = `${'a'.repeat(65_535)}😀${'b'.repeat(70_000)}`
  const attachments = Array.from({ length: 60 }, (_, n) => ({
    name: `${n}${'x'.repeat(300)}.jpg`,
    uri: `https://files.example/${n}`,
    type: 'image' as const
  }))
  for (let twice = 0; twice < 2; twice += 1)
    await report({ ...wrote('long', '1', words), attachments }, wrote('next', '1', 'next'))
  await until('all to be told', async () => incoming().some(({ message }) => message.content?.text === 'next'))
  const pieces = incoming().slice(0, -1)
  t.equal(pieces.map(({ message }) => message.content?.text ?? '').join(''), words)
  t.ok(pieces.every(({ message }) => (message.content?.text ?? '').length <= 65_536))
  const files = pieces.flatMap(({ message }) => message.attachments)
  t.equal(files.length, 60)
  t.ok(files.every(({ name }) => name.length <= 255 && name.endsWith('xxxx.jpg') && name.includes('…')))
})

t.test('the same ref in two conversations is two messages, and in one it is one', async t => {
  const { report, incoming, host } = await talkingHost(t, taken)
  const answered = (contact: string) =>
    ({ kind: 'answer', ref: '17', contact, content: { text: `to ${contact}`, format: 'text' } }) as const
  for (let twice = 0; twice < 2; twice += 1) {
    await report(wrote('17', 'a', 'of a'), answered('a'))
    await report(wrote('17', 'b', 'of b'), answered('b'), wrote('17', 'c', 'of c'))
    await report(wrote('18', 'a', 'again of a'), wrote('18', 'b', 'again of b'))
  }
  await until('all to be told', async () => incoming().length >= 5)
  t.same(
    incoming()
      .map(({ message }) => message.content?.text)
      .sort(),
    ['again of a', 'again of b', 'of a', 'of b', 'of c']
  )
  t.equal((await host.database.db.select().from(outbox)).length, 5)
  const answers = await host.database.db.select().from(messages)
  t.same(answers.map(({ body }) => body.content?.text).sort(), ['to a', 'to b'])

  const target = await host.ready(1, new AbortController().signal)
  if ('unready' in target) throw new Error(target.unready)
  const recalled = await target.tools.recall(['a', 'b', 'c'].map(contact => ({ contact, ref: '17' })))
  t.same(
    recalled.map(one => one?.content?.text),
    ['of a', 'of b', 'of c']
  )
})

t.test('only a verdict that says genuine is, and what is none is refused', async t => {
  const verdicts: unknown[] = [
    false,
    true,
    undefined,
    null,
    {},
    [],
    'genuine',
    { kind: 'invalid' },
    { kind: ['genuine'] },
    { kind: 'answer' },
    { kind: 'answer', reply: { status: 9 } },
    { kind: 'answer', reply: { status: 200, headers: { 'x-a': 'a\r\nx-b: b' } } },
    { kind: 'refused' }
  ]
  let verdict: unknown
  const { host, plugin } = await talkingHost(t, taken, {
    channel: {
      webhook: {
        bodyLimit: 1_000,
        verify: async () => verdict as never,
        receive: async () => ({ reply: { status: 200 }, events: [wrote('m', '1')] })
      }
    }
  })
  const { json } = await plugin.markdownPreview('webhook')
  const { markdown: webhook } = json as { markdown: string }
  for (verdict of verdicts) {
    const answer = await fetch(webhook, { method: 'POST', body: 'x' })
    t.equal(answer.status, 403, JSON.stringify(verdict))
    t.match(await answer.json(), { code: 403, message: 'The call could not be verified' })
  }
  t.same(await host.database.db.select().from(outbox), [])
  verdict = { kind: 'genuine' }
  t.equal((await fetch(webhook, { method: 'POST', body: 'x' })).status, 200)
  t.equal((await host.database.db.select().from(outbox)).length, 1)
})

t.test('readiness says while turns keep failing, and no message is lost by it', async t => {
  const { host, post, reach } = await talkingHost(t, taken)
  const ready = () => fetch(`${host.url}health/ready`)
  await reach(await post('1', 'before'), 'accepted')
  t.equal((await ready()).status, 200)

  await host.database.sql`alter table early_statuses rename to gone`
  const id = await post('1', 'while')
  const stuck = await until('readiness to be lost', async () => {
    const answer = await ready()
    return answer.status === 503 && answer
  })
  t.match(await stuck.json(), { code: 503, message: /turns of the queue keep failing/ })
  t.equal((await fetch(`${host.url}health/live`)).status, 200)

  await host.database.sql`alter table gone rename to early_statuses`
  await reach(id, 'accepted')
  await until('readiness to come back', async () => (await ready()).status === 200)
})

t.test('what was in hand when three hosts died is given up, and what was in fewer goes on', async t => {
  const handed: string[] = []
  const send = async (message: Outgoing): Promise<Outcome> => {
    handed.push(message.contact)
    return taken(message)
  }
  const { host, db, post, reach, plugin } = await talkingHost(t, send, { channel: { dedupes: true } })
  await reach(await post('before', 'so that it is known'), 'accepted')
  const { sql } = host.database
  const hold = async (contact: string, deaths: number) => {
    const [row] = await sql<{ id: string }[]>`
      with conversation as (
        insert into conversations (registration_id, contact, sending_due) values (1, ${contact}, now()) returning id
      )
      insert into messages (registration_id, conversation_id, crm_id, body, state, attempts, deaths)
      select 1, id, ${contact}, ${JSON.stringify(text(contact, 'x'))}::text::json, 'sending', 1, ${deaths} from conversation
      returning id`
    return row?.id
  }
  await until('the registration to be let go', async () => {
    const [row] = await sql<{ free: boolean }[]>`select sending_host is null free from registrations`
    return row?.free
  })
  await sql`update registrations set sending_host = 'a host that died'`
  await hold('deadly', 2)
  await hold('unlucky', 1)

  t.match(await reach('deadly', 'failed'), {
    deaths: 3,
    reason: 'uncertain: it may have been sent (given up, since 3 hosts died with it in hand)'
  })
  t.match(await reach('unlucky', 'accepted'), { deaths: 2 })
  t.notOk(handed.includes('deadly'))
  await until('the CRM to hear', async () => plugin.statuses('deadly').length > 0)
  t.equal((await db.select().from(messages).where(eq(messages.state, 'sending'))).length, 0)
})

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level += 1) value = [value]
  return value
}
