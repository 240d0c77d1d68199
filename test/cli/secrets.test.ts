import t from 'tap'
import { openDatabase, TEST_KEYS, testCrm, testEnvironment, testHost, until } from '../harness.ts'
import { cli, cliJson } from './run.ts'

const NEWER = `newer:${Buffer.alloc(32, 8).toString('base64')}`

t.test('secrets rotate seals with the first key beside a host that works, and says what comes next', async t => {
  const env = await testEnvironment(t, { LV_PLUGIN_SECRET_KEYS: `${NEWER},${TEST_KEYS}` })
  const crm = await testCrm(t)
  const old = await testHost(t, { env: { ...env, LV_PLUGIN_SECRET_KEYS: TEST_KEYS } })
  const plugin = await crm.register(old.url)
  await plugin.saveSettings({ main: { prefix: '<', suffix: '>', delay: 0 } })
  await old.close()
  const host = await testHost(t, { env })
  t.same(await cliJson(t, ['secrets', 'rotate'], { env }), { key: 'newer', registrations: 1 })
  const { code, stdout, stderr } = await cli(t, ['secrets', 'rotate'], { env })
  t.same([code, stderr], [0, ''])
  t.match(
    stdout,
    /^Sealed the secrets of 0 registrations anew; all are sealed with the key "newer" now\.\n.* drop the older/
  )

  const content = { text: 'hello', format: 'text' as const }
  const { message } = await plugin.send({ contact: '1', subject: null, content, attachments: [] })
  await until('the message to be read', async () => plugin.statuses(message.id).includes('read'))
  await host.close()
  const { sql, close } = openDatabase(env.DATABASE_URL as string, 1)
  t.teardown(close)
  t.same([...(await sql`select id from secret_keys`)], [{ id: 'newer' }])
})

t.test('secrets rotate tells in its help the order of steps', async t => {
  const { stdout } = await cli(t, ['secrets', 'rotate', '--help'])
  t.match(
    stdout,
    / 1\. .*the new key as the second[\s\S]* 2\. .*as the first[\s\S]* 3\. run this[\s\S]* 4\. drop the old key/
  )
})
