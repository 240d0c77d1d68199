import { asc, inArray } from 'drizzle-orm'
import t, { type Test } from 'tap'
import type { ClaimedMessage } from '../../src/delivery/attempt.ts'
import { type Gathered, seal } from '../../src/lots/place.ts'
import { collect } from '../../src/lots/states/collecting.ts'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { openDatabase, testDatabase, until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { build, LIMITS, lotGateway } from './lot-gateway.ts'

t.test('collect: a key has one collecting lot, however many hosts collect, and no message is left', async t => {
  const opened = await database(t)
  const { db, sql } = opened
  const claimed = await claimedMessages(opened, 200)
  const turns = Array.from({ length: 20 }, (_, index) => claimed.slice(index * 10, index * 10 + 10))
  const limits = { ...LIMITS, items: 37 }

  let sealing = true
  const sealer = (async () => {
    while (sealing)
      for (const { id } of await sql`select id from lots where state = 'collecting'`)
        await db.transaction(tx => seal(tx, Number(id), new Date()))
  })()
  await Promise.all(
    turns.map(turn =>
      db.transaction(tx =>
        collect(
          tx,
          turn.map(one => gathered(one, limits)),
          new Date()
        )
      )
    )
  )
  sealing = false
  await sealer

  const lots =
    await sql`select id, state, items, (select count(*)::int from lot_items where lot_id = lots.id) held from lots`
  t.same(
    lots.filter(({ items, held }) => items !== held),
    [],
    'the count of each lot is that of its messages'
  )
  t.equal(
    lots.reduce((sum, { held }) => sum + held, 0),
    200
  )
  t.ok(lots.every(({ items }) => items <= 37))
  t.ok(lots.filter(({ state }) => state === 'collecting').length <= 1)
  const [left] = await sql`select count(*)::int number from messages where state <> 'gathered'`
  t.same(left, { number: 0 })
})

t.test('collect: a message is collected once, and skipped when another host has claimed it', async t => {
  const opened = await database(t)
  const { db, sql } = opened
  const [first, second] = await claimedMessages(opened, 2)
  if (!first || !second) throw new Error('no messages')
  const turn = [gathered(first, LIMITS), gathered({ ...second, message: { ...second.message, attempts: 7 } }, LIMITS)]
  for (const _ of [1, 2]) await db.transaction(tx => collect(tx, turn, new Date()))
  t.match(await sql`select state, items from lots`, [{ items: 1 }])
  t.match(await sql`select state from messages order by id`, [{ state: 'gathered' }, { state: 'sending' }])
})

t.test('collect: two hosts collect for one key, and each message leaves once', async t => {
  const gateway = lotGateway({ items: 5, windowMs: 1_500 })
  const one = await build(t, gateway)
  const another = await build(t, gateway, { DATABASE_URL: one.host.config.databaseUrl as string })
  const contacts = Array.from({ length: 32 }, (_, index) => String(index))
  await Promise.all(
    contacts.map(contact => (Number(contact) % 2 === 0 ? one : another).plugin.send(text(contact, `text ${contact}`)))
  )
  await until('all to be accepted', async () => {
    const rows = await one.messages()
    return rows.length === 32 && rows.every(({ state }) => state === 'accepted')
  })
  await until('all lots to end', async () => (await one.sql`select from lots where ended_at is null`).length === 0)
  const sent = gateway.lots.flatMap(({ items }) => items)
  t.same(sent.toSorted(), contacts.map(contact => `text ${contact}`).toSorted())
  t.ok(gateway.lots.every(({ closed, items }) => closed && items.length <= 5))
})

async function database(t: Test) {
  const opened = openDatabase(await testDatabase(t), 12)
  t.teardown(() => opened.close())
  const { sql } = opened
  await sql`
    insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
    values ('x', '1', 'a', '1', 'http://x', 'BR', 'BRL', '', '', '')`
  return opened
}

/** Messages that a host has claimed, each of a conversation of its own. */
async function claimedMessages(
  { db, sql }: Awaited<ReturnType<typeof database>>,
  count: number
): Promise<ClaimedMessage[]> {
  await sql`insert into conversations (registration_id, contact) select 1, n::text from generate_series(1, ${count}) n`
  await sql`
    insert into messages (registration_id, conversation_id, body, state, attempts)
    select 1, id, json_build_object('contact', contact), 'sending', 1 from conversations order by id`
  const rows = await db.select().from(messages).orderBy(asc(messages.id))
  const found = await db
    .select()
    .from(conversations)
    .where(
      inArray(
        conversations.id,
        rows.map(({ conversationId }) => conversationId)
      )
    )
  const byId = new Map(found.map(one => [one.id, one]))
  return rows.map(message => {
    const conversation = byId.get(message.conversationId)
    if (!conversation) throw new Error('no conversation')
    return { registrationId: 1, conversationId: conversation.id, message, conversation, parts: [], interrupted: false }
  })
}

const gathered = (claimed: ClaimedMessage, limits: Gathered['limits']): Gathered => ({
  claimed,
  limits,
  prepared: {
    kind: 'item',
    name: 'May',
    key: { a: 1, b: [{ c: 2 }] },
    item: claimed.message.id,
    dedupe: String(claimed.message.id)
  }
})
