import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { countFinished, removeFinished } from '../../src/messages/retention.ts'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { events } from '../../src/postgres/schema/events.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { receivedWebhooks } from '../../src/postgres/schema/webhooks.ts'
import { type Database, openDatabase, testCrm, testDatabase, testHost, until } from '../harness.ts'
import { scripted, text } from '../scripted-channel.ts'

const DAY_MS = 86_400_000
const NOW = new Date('2030-01-01T00:00:00Z')
const ago = (days: number) => new Date(NOW.getTime() - days * DAY_MS)
const LIMIT = ago(90)
const RUN = { interrupted: new AbortController().signal }

t.test('retention: a host removes messages and items that ended long enough ago, and keeps the others', async t => {
  const { host, crm, ahead, retain } = await build(t, {})
  const plugin = await crm.register(host.url)
  const { db } = host.database
  await plugin.send(text('old', 'hello'))
  await plugin.send(text('waits', 'later'))
  await until('the CRM to know', async () => (await db.$count(outbox, eq(outbox.state, 'delivered'))) === 2)
  await until('an attempt', async () => (await db.select().from(messages)).some(({ reason }) => reason === 'busy'))

  ahead(89)
  await retain()
  t.equal(await db.$count(messages), 2)
  ahead(91)
  await retain()

  t.match(await db.select().from(messages), [{ state: 'waiting', body: { contact: 'waits' } }])
  t.equal(await db.$count(outbox), 0)
  t.match(await db.select().from(conversations), [{ contact: 'waits' }])
})

t.test('retention: its time is settable, and nothing is removed where it is 0', async t => {
  const { host, crm, ahead, retain } = await build(t, { LV_PLUGIN_RETENTION: '2h' })
  const plugin = await crm.register(host.url)
  const { db } = host.database
  await plugin.send(text('old', 'hello'))
  await until('the CRM to know', async () => (await db.$count(outbox, eq(outbox.state, 'delivered'))) === 2)
  ahead(0.1)
  await retain()
  t.equal(await db.$count(messages), 0)

  const crons = async ({ database: { sql } }: typeof host) =>
    (await sql`select identifier from graphile_worker._private_known_crontabs`).map(({ identifier }) => identifier)
  t.same((await crons(host)).toSorted(), [
    'retention',
    'retention of events',
    'retention of lots',
    'retention of operations',
    'retention of traffic',
    'retention of webhooks'
  ])
  const { host: keeper } = await build(t, { LV_PLUGIN_RETENTION: '0' })
  t.same(
    (await crons(keeper)).toSorted(),
    ['retention of events', 'retention of operations', 'retention of traffic', 'retention of webhooks'],
    'which have times of their own'
  )
})

t.test('a conversation goes when it has nothing left and no message came in for as long', async t => {
  const { db, registrationId, contact, message, news, call } = await rows(t)
  await contact('empty')
  await contact('long ago', { lastIncomingAt: ago(91) })
  await contact('lately', { lastIncomingAt: ago(89) })
  await message(await contact('old message'), { state: 'failed', settledAt: ago(91) })
  await message(await contact('young message'), { state: 'accepted', settledAt: ago(89) })
  await message(await contact('open message', { sendingDue: ago(1) }), { createdAt: ago(200) })
  await message(await contact('foreseen'), { state: 'accepted', settledAt: ago(91), later: [] })
  await news(await contact('old item'), { state: 'parked', settledAt: ago(91) })
  await news(await contact('young item'), { state: 'delivered', settledAt: ago(89) })
  await news(await contact('open item', { tellingDue: ago(1) }), { createdAt: ago(200) })

  await call({ receivedAt: ago(91) })
  await call({ receivedAt: ago(89) })

  const event = { registrationId, type: 'registration.changed' as const, body: {} }
  await db.insert(events).values([ago(91), ago(89)].map(at => ({ ...event, at })))

  const wanted = { messages: 1, outbox: 1, conversations: 4, webhooks: 1, events: 1 }
  t.same(await countFinished({ db }, LIMIT), wanted)
  t.same(await removeFinished({ db }, LIMIT, RUN), wanted)
  t.same(
    (await db.select().from(conversations).orderBy(conversations.id)).map(({ contact }) => contact),
    ['lately', 'young message', 'open message', 'foreseen', 'young item', 'open item']
  )
  t.same(await removeFinished({ db }, LIMIT, RUN), { messages: 0, outbox: 0, conversations: 0, webhooks: 0, events: 0 })
})

t.test('retention: a conversation that gets a message at the same moment stays, and is not waited for', async t => {
  const { db, contact, message } = await rows(t)
  const [busy] = [await contact('busy'), await contact('idle')]
  await db.transaction(async tx => {
    await tx.select().from(conversations).where(eq(conversations.id, busy.conversationId)).for('no key update')
    t.same(await removeFinished({ db }, LIMIT, RUN), {
      messages: 0,
      outbox: 0,
      conversations: 1,
      webhooks: 0,
      events: 0
    })
  })
  await message(busy, {})
  t.match(await db.select().from(conversations), [{ contact: 'busy' }])
})

t.test('retention: conversations are removed in batches, and an interrupted run stops between two of them', async t => {
  const { db, sql, registrationId } = await rows(t)
  await sql`insert into conversations (registration_id, contact) select ${registrationId}, n::text from generate_series(1, 1300) n`
  const interruption = new AbortController()
  const removed = ({ conversations: gone }: { conversations: number }) =>
    gone > 0 && interruption.abort(new Error('enough'))
  await t.rejects(removeFinished({ db }, LIMIT, { interrupted: interruption.signal, removed }), { message: 'enough' })
  t.equal(await db.$count(conversations), 800)
  t.same(await removeFinished({ db }, LIMIT, RUN), {
    messages: 0,
    outbox: 0,
    conversations: 800,
    webhooks: 0,
    events: 0
  })
})

/** A host whose clock a test moves, with a gateway that takes a message and reports two statuses, but none for `waits`. */
async function build(t: Test, env: NodeJS.ProcessEnv) {
  let days = 0
  const { channel } = scripted(async ({ id, contact }) => {
    if (contact === 'waits') return { kind: 'retry', reason: 'busy', afterMs: 400 * DAY_MS }
    const ref = `ref-${id}`
    const events = (['sent', 'read'] as const).map(status => ({ kind: 'status' as const, ref, status }))
    return { kind: 'accepted', ref, later: [{ afterMs: 0, events }] }
  })
  const crm = await testCrm(t)
  const now = () => new Date(Date.now() + days * DAY_MS)
  const host = await testHost(t, { channels: [{ channel, path: '/' }], env, now })
  const { sql } = host.database
  return {
    crm,
    host,
    ahead: (by: number) => {
      days = by
    },
    /** Runs the retention as the crontab does once an hour. */
    retain: async () => {
      await sql`select graphile_worker.add_job('retention')`
      await until(
        'the job to be done',
        async () => (await sql`select from graphile_worker.jobs where task_identifier = 'retention'`).length === 0
      )
    }
  }
}

type Row<Table extends { $inferInsert: object }> = Partial<Table['$inferInsert']>

async function rows(t: Test) {
  const { db, sql, close }: Database = openDatabase(await testDatabase(t), 3)
  t.teardown(close)
  const registration = {
    channel: 'echo',
    companyId: '1',
    alias: 'chat',
    pluginId: '2',
    clusterUri: 'http://127.0.0.1/'
  }
  const secrets = { hpt: '', webhookToken: '', webhookHash: '' }
  const [row] = await db
    .insert(registrations)
    .values({ ...registration, ...secrets, country: 'RU', currency: 'RUB' })
    .returning()
  const registrationId = row?.id as number
  let number = 0
  return {
    db,
    sql,
    registrationId,
    contact: async (contact: string, more: Row<typeof conversations> = {}) => {
      const [row] = await db
        .insert(conversations)
        .values({ registrationId, contact, ...more })
        .returning()
      return { registrationId, conversationId: row?.id as number }
    },
    message: (owner: { registrationId: number; conversationId: number }, more: Row<typeof messages>) =>
      db
        .insert(messages)
        .values({ ...owner, body: { contact: '1', subject: null, content: null, attachments: [] }, ...more }),
    call: (more: Row<typeof receivedWebhooks>) =>
      db.insert(receivedWebhooks).values({ registrationId, bytes: 0, events: 0, ...more }),
    news: (owner: { registrationId: number; conversationId: number }, more: Row<typeof outbox>) =>
      db.insert(outbox).values({ ...owner, kind: 'status', body: {}, dedupe: String(number++), ...more })
  }
}
