import { decodeProtectedHeader } from 'jose'
import { freePort } from 'simulator/free-port'
import t, { type Test } from 'tap'
import { eraseCalls } from '../../src/inbound/erase-webhooks.ts'
import { listCalls, openCall, sealedCalls } from '../../src/inbound/received-webhooks.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { receivedWebhooks } from '../../src/postgres/schema/webhooks.ts'
import { rotateSecrets } from '../../src/secrets/rotate.ts'
import { openSecrets } from '../../src/secrets/secrets.ts'
import { wrote } from '../conversation-fixture.ts'
import { TEST_KEYS, testCrm, testDatabase, testHost, until } from '../harness.ts'
import { callWith, mendedChannel } from './mended-channel.ts'

/** Calls of gateways are kept as they came, sealed, with how they were read. */

const INTERRUPTED = new AbortController().signal
const MIB = 1_048_576

t.test('a call is kept with how it was read, and nothing of it can be read in the database', async t => {
  const { host, webhook, calls } = await build(t)
  t.equal(await callWith(webhook, { events: [wrote('m1', '+5511900000001', 'swordfish')] }), 200)
  t.equal(
    await callWith(webhook, { events: [wrote('m2', '+5511900000001')], odd: [wrote('m3', '1'), wrote('m4', '2')] }),
    200
  )
  t.equal(await callWith(webhook, {}), 200)
  t.match(await calls(), [
    { events: 1, skipped: {}, failed: null, kept: true, replayedAt: null },
    { events: 1, skipped: { 'of a new kind': 2 }, failed: null, kept: true },
    { events: 0, skipped: { 'nothing in it': 1 }, failed: null, bytes: 2 }
  ])
  const rows = await host.database.sql`select row_to_json(r)::text as row from received_webhooks r`
  const dump = rows.map(({ row }) => row).join()
  t.notMatch(dump, /swordfish|5511900000001/)
  t.notOk(dump.includes(Buffer.from('swordfish').toString('hex')))
})

t.test('a call is kept as its channel read it, but for headers that open doors', async t => {
  const { host, webhook } = await build(t)
  const headers = {
    'content-type': 'text/odd',
    authorization: 'Basic c2VjcmV0',
    cookie: 'a=b',
    'x-other': 'ё'.codePointAt(0)?.toString() ?? ''
  }
  t.equal(await callWith(`${webhook}?way=this&way=that`, { events: [wrote('m1', '1', 'olá')] }, headers), 200)
  const [call] = await sealedCalls(host.database, {}, { limit: 1 })
  if (!call) throw new Error('nothing was kept')
  const { request, contacts } = openCall(openSecrets(TEST_KEYS), call) ?? {}
  t.match(request, {
    method: 'POST',
    query: { way: ['this', 'that'] },
    headers: { 'content-type': 'text/odd', 'x-other': '1105' }
  })
  t.same([request?.headers.authorization, request?.headers.cookie], [undefined, undefined])
  t.match(request?.body.toString(), /olá/)
  t.same(contacts, ['1'])
  t.throws(() => openCall(openSecrets(`test:${Buffer.alloc(32, 8).toString('base64')}`), call), 'not by another key')
  const changed = Buffer.from(call.sealed ?? '')
  changed[20] = (changed[20] ?? 0) ^ 1
  t.throws(() => openCall(openSecrets(TEST_KEYS), { ...call, sealed: changed }), 'nor when it was changed')
})

t.test('a call that cannot be read is kept with why, in words that quote nobody', async t => {
  const { webhook, calls, host } = await build(t)
  t.equal(await callWith(webhook, { unreadable: 'Ana Souza, ana@example.com' }), 503)
  t.equal(await callWith(webhook, 'my password is 12345678'), 503)
  const found = await calls()
  t.match(found, [
    { events: 0, skipped: {}, failed: '… is nothing, says …', kept: true },
    { events: 0, failed: /^Unexpected token/, kept: true }
  ])
  t.notMatch(JSON.stringify(found), /Ana|example|password|1234|5551/)
  t.equal(await host.database.db.$count(outbox), 0)
})

t.test('a call that is not genuine is counted and leaves nothing else, however large it is', async t => {
  const { host, webhook, calls } = await build(t)
  const huge = JSON.stringify({ events: [wrote('m1', '1', 'x'.repeat(2 * MIB))] })
  for (const headers of [{ 'x-key': 'guess' }, { 'x-key': '' }])
    t.equal(await callWith(webhook, huge, headers as Record<string, string>), 403)
  t.equal(await callWith(webhook, 'x'.repeat(3_000_001)), 413)
  t.equal(await callWith(`${webhook}x`, { events: [] }), 404)
  t.same(await calls(), [])
  await host.close()
  t.match([...(await host.database.sql`select * from webhook_days`)], [{ refused: 2, unkept: 0, bytes: '0' }])
})

t.test('a body of more than 1 MiB is read and not kept, which its call says', async t => {
  const { host, webhook, calls } = await build(t)
  t.equal(await callWith(webhook, { events: [wrote('m1', '1', 'x'.repeat(MIB))] }), 200)
  t.match(await calls(), [{ events: 1, kept: false, failed: null }])
  t.ok((await calls())[0]?.bytes ?? 0 > MIB)
  t.ok((await host.database.db.$count(outbox)) > 0, 'the message was taken')
})

t.test(
  'calls of a registration take no more a day than they may, over all hosts; what they bring is taken',
  async t => {
    const env = { DATABASE_URL: await testDatabase(t), LV_PLUGIN_QUOTA_WEBHOOKS: '3KiB' }
    const { crm, host, webhook, register, calls, channels } = await build(t, env)
    const other = await register()
    const said = (n: number) => ({ events: [wrote(`m${n}`, '1', 'x'.repeat(700))] })
    for (let n = 0; n < 8; n += 1) t.equal(await callWith(webhook, said(n)), 200)
    t.equal(await host.database.db.$count(outbox), 8, 'all of them are read')
    t.equal((await calls()).length, 2)
    t.equal(await callWith(other, said(8)), 200)
    t.equal((await calls()).length, 3, 'another registration has its own')
    await host.close()
    const days = await host.database.sql`select unkept from webhook_days order by registration_id`
    t.same(
      days.map(({ unkept }) => unkept),
      [6, 0]
    )

    const second = await testHost(t, { channels, env: { ...env, PORT: String(host.config.listen.port) } })
    const saved = async () => {
      const [row] = await second.database.sql`select sum(bytes)::int as bytes from webhook_days`
      return Number(row?.bytes)
    }
    const savedBefore = await saved()
    t.equal(await callWith(webhook, said(9)), 200)
    // A host learns the others' share when it saves its own.
    await until('its count to be saved', async () => (await saved()) > savedBefore)
    const before = await second.database.db.$count(receivedWebhooks)
    for (let n = 10; n < 13; n += 1) t.equal(await callWith(webhook, said(n)), 200)
    t.equal(await second.database.db.$count(receivedWebhooks), before)
    await until(
      'the CRM to hear of all',
      async () => crm.events.filter(({ type }) => type === 'incoming').length === 13
    )
  }
)

t.test('calls go after seven days, or as long as is set, and none is kept where that is nothing', async t => {
  let days = 0
  const now = () => new Date(Date.now() + days * 86_400_000)
  const { host, webhook, calls } = await build(t, {}, now)
  await callWith(webhook, { events: [wrote('m1', '1')] })
  const retain = async () => {
    await host.database.sql`select graphile_worker.add_job('retention of webhooks')`
    await until(
      'the job',
      async () =>
        (await host.database.sql`select from graphile_worker.jobs where task_identifier = 'retention of webhooks'`)
          .length === 0
    )
  }
  days = 6.9
  await retain()
  t.equal((await calls()).length, 1)
  days = 7.1
  await retain()
  t.same(await calls(), [])

  const off = await build(t, { LV_PLUGIN_WEBHOOKS: '0' })
  t.equal(await callWith(off.webhook, { events: [wrote('m1', '1')] }), 200)
  t.equal(await callWith(off.webhook, { unreadable: 'x' }), 503)
  t.same(await off.calls(), [])
  t.equal(await off.host.database.db.$count(outbox), 1)
})

t.test('an event that the database refuses alone is told with its call, and the others are kept', async t => {
  const { host, webhook, calls } = await build(t)
  await host.database.sql`alter table conversations add check (contact <> 'nobody')`
  t.equal(await callWith(webhook, { events: [wrote('m1', '1'), wrote('m2', 'nobody')] }), 200)
  t.match(await calls(), [{ events: 2, failed: /^1 events could not be stored: / }])
  t.notMatch((await calls())[0]?.failed, /nobody/)
  t.equal(await host.database.db.$count(outbox), 1)
})

t.test('erasing a contact takes the calls that name it, skipped ones too, and leaves those of others', async t => {
  const { host, webhook, calls } = await build(t)
  const number = '+5511912345678'
  await callWith(webhook, { events: [wrote('m1', number, 'first')] })
  await callWith(webhook, { odd: [wrote('m2', number.slice(1), 'was skipped')] })
  await callWith(webhook, { unreadable: `of %2B${number.slice(1)}&x=1` })
  await callWith(webhook, { events: [wrote('m3', `${number}9`)] })
  await callWith(webhook, { events: [wrote('m4', 'other@example.com', 'about nobody else')] })
  const deps = { database: host.database, keys: openSecrets(TEST_KEYS) }
  const how = { onlyCount: false, interrupted: INTERRUPTED }
  t.equal(await eraseCalls(deps, number, { ...how, onlyCount: true }), 3)
  t.equal((await calls()).length, 5)
  t.equal(await eraseCalls(deps, number, { ...how, registrationId: 999 }), 0)
  t.equal(await eraseCalls(deps, number, how), 3)
  t.equal((await calls()).length, 2)
  t.equal(await eraseCalls(deps, 'other@example.com', how), 1)
})

t.test(
  'a rotation of keys wraps those of calls anew, leaves their bytes alone, and needs the old key no more',
  async t => {
    const key = (id: string, fill: number) => `${id}:${Buffer.alloc(32, fill).toString('base64')}`
    const [OLD, NEW] = [key('old', 1), key('new', 2)]
    const { host, webhook } = await build(t, { LV_PLUGIN_SECRET_KEYS: OLD })
    for (let n = 0; n < 3; n += 1) await callWith(webhook, { events: [wrote(`m${n}`, '1', `text ${n}`)] })
    const [before] = await host.database.db.select().from(receivedWebhooks)
    t.equal(await rotateSecrets(host.database, openSecrets(`${NEW},${OLD}`), () => {}), 1)
    const rows = await sealedCalls(host.database, {}, { limit: 10 })
    t.same(
      rows.map(({ keyId }) => keyId),
      ['new', 'new', 'new']
    )
    t.same(rows[0]?.sealed, before?.sealed)
    t.match(openCall(openSecrets(NEW), rows[2] as (typeof rows)[0])?.request.body.toString(), /text 2/)
    const [registration] = await host.database.sql`select hpt from registrations`
    t.equal(decodeProtectedHeader(registration?.hpt).kid, 'new')
  }
)

async function build(t: Test, env: NodeJS.ProcessEnv = {}, now?: () => Date) {
  const { channel, mend } = mendedChannel()
  const crm = await testCrm(t)
  const channels = [{ channel, path: '/' }]
  const host = await testHost(t, { channels, env: { PORT: String(await freePort()), ...env }, ...(now ? { now } : {}) })
  const register = async () => {
    const plugin = await crm.register(host.url)
    return ((await plugin.markdownPreview('webhook')).json as { markdown: string }).markdown
  }
  const calls = async () => (await listCalls(host.database, {}, { limit: 100 })).toReversed()
  return { crm, host, channels, mend, register, calls, webhook: await register() }
}
