import type { ServerResponse } from 'node:http'
import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import type { EventType } from '../../src/events/event.ts'
import { placeEvents, readFeed } from '../../src/events/feed.ts'
import { removeEvents } from '../../src/events/retention.ts'
import { writeEvents } from '../../src/events/write.ts'
import { openOutbound } from '../../src/http-client/address-policy.ts'
import { eventWebhooks } from '../../src/postgres/schema/event-webhooks.ts'
import { openSecrets } from '../../src/secrets/secrets.ts'
import { claimWebhook, type PushWebhook } from '../../src/webhook-push/claim.ts'
import { createRun } from '../../src/webhook-push/run.ts'
import { makeSecret } from '../../src/webhook-push/signature.ts'
import { openDatabase, TEST_KEYS, testDatabase } from '../harness.ts'
import { randomOf } from '../seeded-random.ts'
import { type Reply, startReceiver } from './receiver.ts'

/** Runs of a webhook by a clock that a test has in its hand. */

const HOUR_MS = 3_600_000
const NEVER = new AbortController().signal

t.test('events are pushed as the feed gives them, those that are wanted, and the cursor is behind all', async t => {
  const { write, run, webhook, receiver, database } = await build(t, { registrationId: 1, types: ['contact.renamed'] })
  await write(1, 'one')
  await write(1, 'unwanted', { type: 'message.received' })
  await write(1, 'of another', { registration: 2 })
  await write(2, 'two')
  t.match(await run(), { kind: 'idle', to: 4 })
  t.same(
    receiver.pushed.map(({ data }) => data.text),
    ['one', 'two']
  )
  const [first] = receiver.pushed
  t.match(first?.headers, { 'content-type': 'application/json', 'webhook-id': 'evt_1_1' })
  const { type, timestamp, data } = JSON.parse(first?.text ?? '{}')
  t.match(
    { type, timestamp, data },
    {
      type: 'contact.renamed',
      timestamp: data.at,
      data: { id: '1', type: 'contact.renamed', registration: 1, contact: null, text: 'one' }
    }
  )
  t.match(await webhook(), { position: 4, ahead: [], failures: 0, answer: 204, error: null })
  t.ok((await webhook()).deliveredAt)
  t.equal((await readFeed(database, { after: 0 }, 10)).events.length, 4)
})

t.test('a failure pauses the webhook, the longer the more there are, and a success ends it', async t => {
  let status = 500
  const { write, run, webhook, receiver, clock } = await build(t, { reply: () => status })
  await write(1, 'one')
  await write(1, 'two')
  const pauses: number[] = []
  for (let failure = 1; failure <= 9; failure += 1) {
    t.match(await run(), { kind: 'paused', webhook: { failures: failure, answer: 500, error: 'it answered 500' } })
    const { dueAt } = await webhook()
    pauses.push(((dueAt?.getTime() ?? 0) - clock.at) / 1_000)
    clock.at = dueAt?.getTime() ?? 0
  }
  t.same(pauses, [5, 30, 120, 300, 900, 3_600, 7_200, 14_400, 14_400])
  t.same(new Set(receiver.pushed.map(({ headers }) => headers['webhook-id'])), new Set(['evt_1_1']))
  t.equal(new Set(receiver.pushed.map(({ headers }) => headers['webhook-timestamp'])).size, 9)
  status = 200
  t.match(await run(), { kind: 'idle', webhook: { failures: 0, failingSince: null, dueAt: null, error: null } })
  t.same(
    receiver.pushed.slice(-2).map(({ data }) => data.text),
    ['one', 'two']
  )
})

t.test('order: a receiver that fails at random gets all events, those of a conversation in order', async t => {
  const random = randomOf(7)
  const { database, run, receiver, clock } = await build(t, { reply: () => (random.chance(0.3) ? 500 : 200) })
  const all = Array.from({ length: 60 }, (_, index) => index)
  await database.db.execute(sql`
    insert into events (registration_id, conversation_id, type, body)
    select 1, n % 5, 'contact.renamed', json_build_object('text', n) from generate_series(0, 59) n`)
  for (let end = await run(); end.kind === 'paused'; end = await run())
    clock.at = end.webhook.dueAt?.getTime() ?? clock.at
  const got = receiver.pushed.map(({ data }) => Number(data.text))
  t.same(
    [...new Set(got)].toSorted((one, other) => one - other),
    all
  )
  // An event comes again only where it was refused: none after the next one of its conversation.
  for (const lane of Map.groupBy(got, number => number % 5).values())
    t.same(
      lane,
      lane.toSorted((one, other) => one - other)
    )
})

t.test('a receiver that has failed gets one request, and all that may be once it took it', async t => {
  let status = 500
  const { write, run, receiver, clock, webhook } = await build(t, { reply: () => status })
  for (let contact = 1; contact <= 20; contact += 1) await write(contact, 'hello')
  await run()
  t.ok(receiver.pushed.length <= 8)
  const before = receiver.pushed.length
  clock.at = (await webhook()).dueAt?.getTime() ?? 0
  await run()
  t.equal(receiver.pushed.length, before + 1)
  status = 200
  t.match(await run(), { kind: 'idle' })
})

t.test('an answer that does not come in time, or not to its end, is none', async t => {
  for (const reply of [
    () => () => {},
    () => (response: ServerResponse) => void response.writeHead(200).write('and so on')
  ]) {
    const { write, run } = await build(t, { reply, timeoutMs: 50 })
    await write(1, 'one')
    t.match(await run(), { kind: 'paused', webhook: { answer: null, error: 'There was no answer in time' } })
  }
})

t.test('a pause that the receiver asks for is kept, up to an hour', async t => {
  const answers: Reply[] = [
    { status: 429, headers: { 'retry-after': '600' } },
    { status: 503, headers: { 'retry-after': '86400' } },
    { status: 503, headers: { 'retry-after': new Date(1_000_000_000 + 20 * 60_000).toUTCString() } },
    { status: 500, headers: { 'retry-after': '3600' } },
    { status: 503, headers: { 'retry-after': 'soon' } }
  ]
  const { write, run, webhook, clock } = await build(t, { reply: (_, count) => answers[count - 1] ?? 200 })
  await write(1, 'one')
  const pauses: number[] = []
  for (const _ of answers) {
    clock.at = 1_000_000_000
    await run()
    pauses.push((((await webhook()).dueAt?.getTime() ?? 0) - clock.at) / 1_000)
  }
  t.same(pauses, [600, 3_600, 1_200, 300, 900])
})

t.test('a webhook that failed for five days is disabled, and an event says so', async t => {
  const { write, run, webhook, clock, database, logged } = await build(t, { registrationId: 1, reply: () => 500 })
  await write(1, 'one')
  const started = clock.at
  let end = await run()
  let last = clock.at
  while (end.kind === 'paused') {
    last = clock.at
    clock.at = end.webhook.dueAt?.getTime() ?? 0
    end = await run()
  }
  t.equal(end.kind, 'over')
  t.ok(last - started < 5 * 24 * HOUR_MS && clock.at - started >= 5 * 24 * HOUR_MS)
  t.ok(clock.at - started < (5 * 24 + 5) * HOUR_MS)
  const reason = 'it failed for 5 days: it answered 500'
  t.match(await webhook(), { disabledReason: reason, host: null, position: 0 })
  t.match((await readFeed(database, { after: 1 }, 10)).events, [
    { type: 'webhook.disabled', registrationId: 1, body: { webhook: 1, reason } }
  ])
  t.match(logged.at(-1), { event: 'webhook_push.disabled', webhook: 1, registration: 1, reason })
  t.match(logged.at(-2), { event: 'webhook_push.failed', status: 500, failures: 38 })
})

t.test('a webhook that failed once before its hosts were away for a week is not disabled yet', async t => {
  const { write, run, clock } = await build(t, { reply: () => 500 })
  await write(1, 'one')
  await run()
  clock.at += 7 * 24 * HOUR_MS
  t.match(await run(), { kind: 'paused', webhook: { failures: 2, disabledAt: null } })
})

t.test(
  'a receiver that answers 410 is disabled at once; of a webhook of all registrations the event has none',
  async t => {
    const { write, run, webhook, database } = await build(t, { reply: () => 410 })
    await write(1, 'one')
    t.match(await run(), { kind: 'over' })
    t.match(await webhook(), { disabledReason: 'it answered 410: it is gone', answer: 410 })
    t.match((await readFeed(database, { after: 1 }, 10)).events, [
      { type: 'webhook.disabled', registrationId: null, body: { webhook: 1 } }
    ])
  }
)

t.test('a redirect is a failure, and is not followed', async t => {
  const elsewhere = await startReceiver(t)
  const reply = () => ({ status: 307, headers: { location: elsewhere.url } })
  const { write, run } = await build(t, { reply })
  await write(1, 'one')
  t.match(await run(), { kind: 'paused', webhook: { error: 'it answered 307, and redirects are not followed' } })
  t.same(elsewhere.pushed, [])
})

t.test('an answer is judged by its status, however long it is', async t => {
  const { write, run } = await build(t, { reply: () => ({ status: 200, body: 'x'.repeat(10_000_000) }) })
  await write(1, 'one')
  t.match(await run(), { kind: 'idle' })
})

t.test(
  'private networks: a webhook of an address that is forbidden is not called, by its address or its name',
  async t => {
    for (const url of ['http://127.0.0.1', 'https://127.0.0.1', 'https://localhost', 'http://localhost']) {
      const { write, run, receiver } = await build(t, { allow: [], url: port => `${url}:${port}/` })
      await write(1, 'one')
      t.match(await run(), { kind: 'paused', webhook: { answer: null, error: /private network/ } }, url)
      t.same(receiver.pushed, [])
    }
  }
)

t.test(
  'without TLS nothing is sent to a public address, though a name that was private leads there by now',
  async t => {
    const { write, run } = await build(t, { url: () => 'http://1.1.1.1/' })
    await write(1, 'one')
    t.match(await run(), { kind: 'paused', webhook: { error: /has to be https/ } })
  }
)

t.test('at most eight requests of a webhook are on their way at the same time', async t => {
  const { write, run, receiver } = await build(t, {
    reply: () => response => void setImmediate(() => response.writeHead(200).end())
  })
  for (let contact = 1; contact <= 40; contact += 1) await write(contact, 'hello')
  t.match(await run(), { kind: 'idle' })
  t.equal(receiver.pushed.length, 40)
  t.ok(receiver.mostAtOnce() <= 8)
})

t.test('more than a page of events comes in order, in one run', async t => {
  const { database, run, receiver, webhook } = await build(t)
  await database.db.execute(sql`
    insert into events (registration_id, conversation_id, type, body)
    select 1, n % 3, 'contact.renamed', json_build_object('text', n) from generate_series(1, 250) n`)
  t.match(await run(), { kind: 'idle', to: 250 })
  for (const lane of [0, 1, 2])
    t.same(
      receiver.pushed.map(({ data }) => Number(data.text)).filter(number => number % 3 === lane),
      Array.from({ length: 250 }, (_, index) => index + 1).filter(number => number % 3 === lane)
    )
  t.match(await webhook(), { position: 250 })
})

t.test('a host that lost its webhook writes nothing of it any more', async t => {
  const { write, run, webhook, database } = await build(t, {
    reply: async () => {
      await database.db.update(eventWebhooks).set({ host: 'another' })
      return 200
    }
  })
  await write(1, 'one')
  t.match(await run(), { kind: 'over' })
  t.match(await webhook(), { position: 0, host: 'another' })
})

t.test(
  'events that go before they were delivered are counted, if they were wanted, and it goes on behind them',
  async t => {
    const { write, run, webhook, database, receiver } = await build(t, {
      registrationId: 1,
      types: ['contact.renamed']
    })
    await write(1, 'delivered')
    await run()
    await write(1, 'missed')
    await write(1, 'unwanted', { type: 'message.received' })
    await write(1, 'of another', { registration: 2 })
    await placeEvents(database)
    await write(1, 'missed, and nobody has read it')
    await database.db.execute(sql`update events set at = now() - interval '8 days'`)
    await write(1, 'kept')
    t.equal(await removeEvents(database, new Date(Date.now() - 7 * 24 * HOUR_MS), NEVER), 5)
    t.match(await webhook(), { missed: 2, position: 1 })
    t.match(await run(), { kind: 'idle' })
    t.same(
      receiver.pushed.map(({ data }) => data.text),
      ['delivered', 'kept']
    )
  }
)

interface Wanted {
  registrationId?: number
  types?: EventType[]
  reply?: Parameters<typeof startReceiver>[1]
  allow?: readonly string[]
  url?: (port: number) => string
  timeoutMs?: number
}

async function build(
  t: Test,
  { registrationId, types, reply, allow = ['127.0.0.0/8'], url, timeoutMs = 15_000 }: Wanted = {}
) {
  const database = openDatabase(await testDatabase(t), 6)
  t.teardown(database.close)
  const { db } = database
  const outbound = openOutbound(allow)
  t.teardown(outbound.close)
  const receiver = await startReceiver(t, reply)
  const secrets = openSecrets(TEST_KEYS)
  if (registrationId !== undefined)
    await db.execute(sql`
      insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
      select 'echo', '1', 'a', n::text, 'http://127.0.0.1/', 'BR', 'BRL', '', '', n::text from generate_series(1, 2) n`)
  await db.insert(eventWebhooks).values({
    registrationId: registrationId ?? null,
    types: types ?? null,
    url: url?.(receiver.port) ?? receiver.url,
    actor: 'test',
    secret: await secrets.seal(makeSecret()),
    position: 0
  })
  const clock = { at: Date.parse('2026-11-28T12:00:00Z') }
  const logged: object[] = []
  const runOf = createRun({
    database,
    secrets,
    outbound,
    userAgent: 'test',
    timeoutMs,
    now: () => new Date(clock.at),
    random: () => 0.5,
    log: { warn: (facts: object) => void logged.push(facts) } as never
  })
  return {
    database,
    receiver,
    clock,
    logged,
    webhook: async () => (await db.select().from(eventWebhooks))[0] as PushWebhook,
    /** As a host does that has just claimed it. */
    run: async () =>
      runOf((await claimWebhook(database, 1, 'host')) as PushWebhook, { isOver: () => false, interrupted: NEVER }),
    write: (
      conversation: number,
      text: string,
      { registration = 1, type = 'contact.renamed' }: Partial<OfEvent> = {}
    ) =>
      db.transaction(tx =>
        writeEvents(tx, [{ registrationId: registration, conversationId: conversation, type, body: { text } }])
      )
  }
}

interface OfEvent {
  registration: number
  type: EventType
}
