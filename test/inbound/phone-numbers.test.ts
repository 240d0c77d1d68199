import type { GatewayEvent } from 'channel-kit/event'
import { asc } from 'drizzle-orm'
import t from 'tap'
import { storeEvents } from '../../src/inbound/store-events.ts'
import { createAccept } from '../../src/messages/accept.ts'
import { eraseContact } from '../../src/messages/erase.ts'
import { listMessages } from '../../src/messages/queries.ts'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { otherWay } from '../../src/protocol/contact.ts'
import { talkingHost, wrote } from '../conversation-fixture.ts'
import { openDatabase, TEST_SECRETS, testDatabase, until } from '../harness.ts'
import { scripted, taken, text } from '../scripted-channel.ts'

/** A phone number is one contact, with its plus and without. */

const [PLUS, BARE] = ['+421905123456', '421905123456']

t.test('phone number: a new customer is told with the plus of E.164, whoever names them', async t => {
  const { db, report, incoming, post, reach, script } = await talkingHost(t, taken)
  await report(
    wrote('m1', BARE),
    wrote('m2', PLUS),
    wrote('m3', '8800'),
    wrote('m4', 'SK.123456789'),
    wrote('m5', 'INFO')
  )
  await until('the CRM to hear', async () => incoming().length === 5)
  t.same(
    incoming()
      .map(({ contact }) => contact)
      .toSorted(),
    [PLUS, PLUS, '8800', 'INFO', 'SK.123456789'].toSorted()
  )
  await reach(await post(BARE, 'to the one'), 'accepted')
  t.match(script.handed, [{ contact: BARE, address: BARE, conversation: { lastIncoming: { ref: 'm2' } } }])
  t.equal(await db.$count(conversations), 4)
})

t.test('phone number: a customer whom the CRM knows is told by the name that it knows', async t => {
  for (const known of [PLUS, BARE]) {
    const { db, report, incoming, post, reach } = await talkingHost(t, taken)
    await reach(await post(known, 'first'), 'accepted')
    await report(wrote('m1', BARE), wrote('m2', PLUS))
    await until('the CRM to hear', async () => incoming().length === 2)
    t.same(new Set(incoming().map(({ contact }) => contact)), new Set([known]))
    t.match(await db.select().from(conversations), [{ contact: known }])
  }
})

t.test('phone number: messages to either way of writing it keep one order', async t => {
  let isClosed = true
  const { post, reach, script } = await talkingHost(t, async ({ id }) =>
    isClosed ? { kind: 'retry', reason: 'closed', afterMs: 50 } : { kind: 'accepted', ref: id }
  )
  await post(BARE, 'one')
  await until('an attempt', async () => script.handed.length > 0)
  const last = [await post(PLUS, 'two'), await post(BARE, 'three')][1] ?? ''
  await until('another attempt', async () => script.handed.length > 2)
  isClosed = false
  await reach(last, 'accepted')
  t.same([...new Set(script.texts())], ['one', 'two', 'three'])
  t.equal(script.texts().filter(words => words !== 'one').length, 2)
})

t.test('phone number: one that changes, and automatic answers, stay with the one contact', async t => {
  const { db, post, reach, report, script, incoming } = await talkingHost(t, taken)
  await reach(await post(BARE, 'first'), 'accepted')
  await report({ kind: 'renamed', from: BARE, to: '421900999888' }, wrote('m1', '+421900999888'))
  await report({ kind: 'answer', ref: 'a', contact: '421900999888', content: { text: 'hello', format: 'text' } })
  await reach(await post(PLUS, 'second'), 'accepted')
  await report({ kind: 'renamed', from: PLUS, to: BARE } as GatewayEvent)
  await until('the CRM to hear', async () => incoming().length === 1)
  t.match(incoming(), [{ contact: BARE }])
  t.match(await db.select().from(conversations), [{ contact: BARE, address: '+421900999888' }])
  t.same(
    script.handed.map(({ content, address }) => `${content?.text} at ${address}`),
    [`first at ${BARE}`, 'hello at +421900999888', 'second at +421900999888']
  )
})

t.test('phone number: a contact of another kind keeps the name that its gateway has', async t => {
  const channel = scripted(taken).channel
  const capabilities = () => ({ ...channel.capabilities({}), contactType: 'uri' })
  const { db, post, report, incoming } = await talkingHost(t, taken, { channel: { capabilities } })
  await report(wrote('m1', BARE))
  await until('the CRM to hear', async () => incoming().length === 1)
  t.match(incoming(), [{ contact: BARE }])
  await post(PLUS, 'somebody else')
  t.match(await db.select().from(conversations).orderBy(asc(conversations.id)), [{ contact: BARE }, { contact: PLUS }])
})

t.test('phone number: an operator finds and erases it in either way of writing', async t => {
  for (const name of [PLUS, BARE]) {
    const { host, post, reach } = await talkingHost(t, taken)
    await reach(await post(BARE, 'hello'), 'accepted')
    t.equal((await listMessages(host.database, { contact: name }, { limit: 9 })).length, 1)
    t.match(await eraseContact(host.database, name, { onlyCount: false, secrets: TEST_SECRETS }), {
      conversations: 1,
      messages: 1
    })
  }
})

t.test(
  'phone number: both sides may write first at the same time, on any number of hosts, and it is one contact',
  async t => {
    const file = await testDatabase(t)
    const [one, other] = [openDatabase(file, 8), openDatabase(file, 8)]
    t.teardown(() => Promise.all([one.close(), other.close()]))
    await one.pool.query(`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
    values ('scripted', '1', 'chat', '1', 'http://crm.example/', 'BR', 'BRL', '', '', '')`)
    const accepts = [one, other].map(database =>
      createAccept(
        database,
        () => new Date(),
        () => {}
      )
    )
    const ROUNDS = 40
    const all = Array.from({ length: ROUNDS }, (_, round) => `4219051${String(round).padStart(5, '0')}`)
    const post = (contact: string, id: string, host: number) =>
      accepts[host]?.(1, { ...text(contact, 'hello'), chatId: null, crmId: id }, otherWay(contact))
    const report = (contact: string, { db }: typeof one) =>
      db.transaction(tx => storeEvents(tx, [{ registrationId: 1, event: wrote(`m${contact}`, contact) }], new Date()))

    for (const number of all)
      await Promise.all([
        post(number, `a${number}`, 0),
        report(`+${number}`, other),
        post(`+${number}`, `b${number}`, 1),
        post(`+${number}`, `c${number}`, 0)
      ])
    // And all of them at once, in batches of their own order.
    const more = all.map(number => number.replace('4219051', '4219052'))
    await Promise.all([
      ...more.map(number => post(number, `a${number}`, 0)),
      ...more.toReversed().map(number => post(`+${number}`, `b${number}`, 1)),
      one.db.transaction(tx =>
        storeEvents(
          tx,
          more.map(number => ({ registrationId: 1, event: wrote(`m${number}`, `+${number}`) })),
          new Date()
        )
      )
    ])
    t.equal(await one.db.$count(conversations), 2 * ROUNDS)
  }
)
