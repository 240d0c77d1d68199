import t, { type Test } from 'tap'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { type Database, openDatabase, testEnvironment, until } from '../harness.ts'
import { cli, cliJson, startCli } from './run.ts'

const DAY_MS = 86_400_000
const ago = (days: number) => new Date(Date.now() - days * DAY_MS)

t.test('db migrate makes an empty database ready and says so, and once more does no harm', async t => {
  const { env, sql } = await database(t)
  for (const name of ['public', 'drizzle', 'graphile_worker']) await sql`drop schema ${sql(name)} cascade`
  await sql`create schema public`

  const first = await cliJson<{ migrations: number; newest: string }>(t, ['db', 'migrate'], { env })
  t.match(first, { migrations: Number, newest: /^\d{4}_\w+$/ })
  t.same([...(await sql`select count(*)::int messages from messages`)], [{ messages: 0 }])

  const { code, stdout } = await cli(t, ['db', 'migrate'], { env })
  t.equal(code, 0)
  t.equal(
    stdout,
    `The database is up to date: ${first.migrations} migration${first.migrations === 1 ? '' : 's'}, the newest is ${first.newest}.\n`
  )
})

t.test('db clean removes what ended before the limit, and nothing that is still awaited', async t => {
  const { env, db } = await database(t)
  const owner = await conversation(db)
  const later = [{ afterMs: 1, events: [] }]
  await db.insert(messages).values([
    { ...message(owner), crmId: 'accepted', state: 'accepted', settledAt: ago(31), later: null },
    { ...message(owner), crmId: 'failed', state: 'failed', settledAt: ago(31) },
    { ...message(owner), crmId: 'young', state: 'accepted', settledAt: ago(29) },
    { ...message(owner), crmId: 'foreseen', state: 'accepted', settledAt: ago(31), later },
    { ...message(owner), crmId: 'waiting', createdAt: ago(31) },
    { ...message(owner), crmId: 'sending', state: 'sending', createdAt: ago(31) }
  ])
  await db.insert(outbox).values([
    { ...news(owner), dedupe: 'delivered', state: 'delivered', settledAt: ago(31) },
    { ...news(owner), dedupe: 'stopped', state: 'stopped', settledAt: ago(31) },
    { ...news(owner), dedupe: 'parked', state: 'parked', settledAt: ago(31) },
    { ...news(owner), dedupe: 'young', state: 'delivered', settledAt: ago(29) },
    { ...news(owner), dedupe: 'waiting', createdAt: ago(31) }
  ])
  const left = async () => ({
    messages: (await db.select({ id: messages.crmId }).from(messages)).map(({ id }) => id).sort(),
    outbox: (await db.select({ id: outbox.dedupe }).from(outbox)).map(({ id }) => id).sort()
  })
  const all = await left()

  t.match(await cliJson(t, ['db', 'clean', '--dry-run'], { env }), { dryRun: true, messages: 2, outbox: 3 })
  t.same(await left(), all, 'a dry run removes nothing')

  const { stdout } = await cli(t, ['db', 'clean'], { env })
  t.match(stdout, /^Removed 2 messages and 3 items of the outbox, finished before \d{4}-.*Z\.\n$/)
  t.same(await left(), { messages: ['foreseen', 'sending', 'waiting', 'young'], outbox: ['waiting', 'young'] })

  t.match(await cliJson(t, ['db', 'clean', '--older-than', '690h'], { env }), { messages: 1, outbox: 1 })
  t.match(await cliJson(t, ['db', 'clean', '--older-than', '0'], { env }), { messages: 0, outbox: 0 })
  t.same(await left(), { messages: ['foreseen', 'sending', 'waiting'], outbox: ['waiting'] })
})

t.test('db clean ends with everything removed that is more than one batch', async t => {
  const { env, db, sql } = await database(t)
  const { registrationId, conversationId } = await conversation(db)
  await sql`
    insert into messages (registration_id, conversation_id, body, state, settled_at)
    select ${registrationId}, ${conversationId}, '{}', 'accepted', now() - interval '40 days'
    from generate_series(1, 11000)`
  t.match(await cliJson(t, ['db', 'clean', '--dry-run'], { env }), { messages: 11_000 })
  t.match(await cliJson(t, ['db', 'clean'], { env }), { messages: 11_000, outbox: 0 })
  t.equal(await db.$count(messages), 0)
})

t.test('db clean leaves a row alone that somebody works on, and does not wait for it', async t => {
  const { env, db } = await database(t)
  const owner = await conversation(db)
  await db.insert(messages).values([
    { ...message(owner), crmId: 'one', state: 'accepted', settledAt: ago(31) },
    { ...message(owner), crmId: 'two', state: 'accepted', settledAt: ago(31) }
  ])
  await db.transaction(async tx => {
    await tx.select().from(messages).limit(1).for('update')
    t.match(await cliJson(t, ['db', 'clean'], { env }), { messages: 1 })
  })
  t.equal(await db.$count(messages), 1)
})

t.test('a command that is interrupted says so and ends in order', async t => {
  const { env, sql } = await database(t)
  const waiting = () => sql`
    select from pg_locks where locktype = 'advisory' and not granted
      and database = (select oid from pg_database where datname = current_database())`
  const migrating = await sql.reserve()
  await migrating`select pg_advisory_lock(7205114)`
  const command = await startCli(t, ['db', 'clean'], { env })
  await until('the command to wait for its turn to migrate', async () => (await waiting()).length > 0)
  command.kill('SIGINT')
  await migrating`select pg_advisory_unlock_all()`
  migrating.release()
  t.match(await command.ended, { code: 1, stdout: '', stderr: /^Interrupted\. .*\n$/ })
})

async function database(t: Test) {
  const env = await testEnvironment(t)
  const opened = openDatabase(env.DATABASE_URL as string, 2)
  t.teardown(opened.close)
  return { env, ...opened }
}

async function conversation(db: Database['db']) {
  const [registration] = await db
    .insert(registrations)
    .values({
      channel: 'echo',
      companyId: '1',
      alias: 'chat',
      pluginId: '2',
      clusterUri: 'http://127.0.0.1/',
      country: 'RU',
      currency: 'RUB',
      hpt: '',
      webhookToken: '',
      webhookHash: ''
    })
    .returning()
  const registrationId = registration?.id as number
  const [row] = await db.insert(conversations).values({ registrationId, contact: '+79990000000' }).returning()
  return { registrationId, conversationId: row?.id as number }
}

type Owner = Awaited<ReturnType<typeof conversation>>

const message = (owner: Owner) => ({
  ...owner,
  body: { contact: '+79990000000', subject: null, content: null, attachments: [] }
})

const news = (owner: Owner) => ({ ...owner, kind: 'status' as const, body: {} })
