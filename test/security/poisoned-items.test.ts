import { randomBytes } from 'node:crypto'
import type { Outcome } from 'channel-kit/outcome'
import { eq } from 'drizzle-orm'
import t from 'tap'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { talkingHost, wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'
import { taken, text } from '../scripted-channel.ts'

/** An answer of one tenant's gateway, or one item, keeps nobody else's items. */

/** Characters that no index can make small. */
const random = (length: number) => randomBytes(length).toString('base64').slice(0, length)

const POISON = 'poison'

/** A value that no schema foresees, as the type of an answer. */
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
  const [conversation] = await db.select().from(conversations).where(eq(conversations.contact, POISON))
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

function nested(depth: number): unknown {
  let value: unknown = 1
  for (let level = 0; level < depth; level += 1) value = [value]
  return value
}
