import t from 'tap'
import { registrations } from '../../src/postgres/schema/registrations.ts'
import { pauseByOperator } from '../../src/registrations/pause.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { scripted, taken, text } from '../scripted-channel.ts'
import { cli, cliJson } from './run.ts'

t.test('registrations list tells of each what it is and what waits, and no secret', async t => {
  const script = scripted(async message =>
    message.contact === 'waits' ? { kind: 'throttled', reason: 'slow down', afterMs: 600_000 } : taken(message)
  )
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: script.channel, path: '/' }] })
  const { db } = host.database
  const reference = { cid: '42', plugin: { alias: 'sms', id: '7' } }
  const [first] = [await crm.register({ selfUri: host.url, reference }), await crm.register(host.url)]
  for (const number of [1, 2]) await first.send(text('waits', String(number)))
  await until('the pause', async () => (await db.select().from(registrations)).some(row => row.pausedUntil))

  const listed = await cliJson<{ registrations: object[] }>(t, ['registrations', 'list'], { env: host.environment })
  const at = /^\d{4}-\d\d-\d\dT.*Z$/
  t.match(listed.registrations, [
    {
      id: 1,
      channel: 'scripted',
      companyId: '42',
      alias: 'sms',
      pluginId: '7',
      clusterUri: crm.url,
      registeredAt: at,
      archivedAt: null,
      pausedUntil: at,
      retryUnknown: false,
      waitingMessages: 2,
      waitingItems: 0
    },
    { id: 2, companyId: '1', pausedUntil: null, waitingMessages: 0 }
  ])
  const { code, stdout } = await cli(t, ['registrations', 'list'], { env: host.environment })
  t.equal(code, 0)
  t.match(stdout, /^id +channel +company +plugin +cluster .* waiting messages +waiting items\n1 +scripted +42 +sms\/7 /)
  t.match(stdout, / no +2 +0\n2 .*\n2 registrations\n$/)

  const rows = await db.select().from(registrations)
  const shown = JSON.stringify(listed) + stdout
  for (const { hpt, webhookToken, webhookHash } of rows)
    for (const secret of [hpt, webhookToken, webhookHash, first.hpt() as string]) t.notOk(shown.includes(secret))
  t.same(Object.keys(listed.registrations[0] ?? {}).length, 16)
})

t.test('registrations list and doctor tell of a pause by an operator, and why', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t)
  await crm.register(host.url)
  await pauseByOperator(host.database.db, 1, { reason: 'under review', until: null, now: new Date() })

  const pauses = [{ by: 'operator', until: null, reason: 'under review' }]
  t.match(await cliJson(t, ['registrations', 'list'], { env: host.environment }), { registrations: [{ pauses }] })
  const told = /paused by an operator until resumed: under review/
  t.match(await cli(t, ['registrations', 'list'], { env: host.environment }), { code: 0, stdout: told })
  t.match(await cli(t, ['doctor'], { env: host.environment }), { code: 1, stdout: told })
})

t.test('registrations set has a host repeat at once what may have left, or not any more', async t => {
  const script = scripted(async message =>
    message.attempt === 1 ? { kind: 'unknown', reason: 'no answer' } : taken(message)
  )
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel: script.channel, path: '/' }],
    env: { LV_PLUGIN_CHAT_SEND_INTERVAL: '10ms' }
  })
  const plugin = await crm.register(host.url)
  const attempts = async (words: string) => {
    await plugin.send(text(words, words))
    await until(`${words} to be settled`, async () => {
      const rows = await host.database.sql`select from messages where settled_at is null`
      return rows.length === 0
    })
    return script.texts().filter(one => one === words).length
  }
  const set = (word: string) =>
    cliJson(t, ['registrations', 'set', '1', '--retry-unknown', word], { env: host.environment })

  t.equal(await attempts('before'), 1)
  t.same(await set('yes'), { id: 1, retryUnknown: true })
  t.equal(await attempts('opted in'), 2)
  t.same(await set('no'), { id: 1, retryUnknown: false })
  t.equal(await attempts('opted out'), 1)

  const other = await cli(t, ['registrations', 'set', '9', '--retry-unknown', 'yes'], { env: host.environment })
  t.match(other, { code: 1, stdout: '', stderr: 'There is no registration 9.\n' })
})
