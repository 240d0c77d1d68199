import bpmessage from 'channel-bpmessage'
import type { Channel } from 'channel-kit/channel'
import { form, group, optional, password, secretLines, string } from 'channel-kit/form'
import mobiletech from 'channel-mobiletech'
import { asc } from 'drizzle-orm'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { startSimulator } from '../../plugins/bpmessage/simulator/simulator.ts'
import { settings } from '../../src/postgres/schema/registrations.ts'
import { testCrm, testHost } from '../harness.ts'
import { testChannel } from '../http/channel.ts'

/** A secret goes where it was meant to go, and is shown to nobody. */

const Settings = form(
  { title: 'Settings', button: 'Save' },
  {
    main: group(
      { title: 'Main' },
      {
        address: optional(string({ title: 'Address', default: 'https://default.example' })),
        key: optional(password({ title: 'Key', sentTo: 'address' })),
        lines: optional(secretLines({ title: 'Lines', sentTo: 'address' })),
        free: optional(password({ title: 'Free' }))
      }
    )
  }
)
const MASK = '********'
const ENTER = 'Enter it again, since it would be sent to another address than before'

const seen: unknown[] = []
const channel = testChannel({
  settings: Settings,
  check: async ({ settings }) => {
    seen.push((settings as { main: unknown }).main)
    return {}
  }
})

t.test('a secret is entered again before it goes to another origin', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const save = async (main: object) => plugin.saveSettings({ main })
  const good = { address: 'https://good.example/api', key: 's3cret', lines: 'a: 1\nb: 2', free: 'f' }
  t.equal((await save(good)).status, 200)

  const elsewhere = [
    'https://evil.example/api',
    'http://good.example/api',
    'https://good.example:8443/api',
    'https://good.example@evil.example/api',
    'https://evil.example#https://good.example',
    'no address at all',
    'good.example:443'
  ]
  for (const address of elsewhere)
    for (const kept of [{}, { key: true, lines: MASK, free: true }]) {
      const checks = seen.length
      const answer = await save({ address, ...kept })
      t.equal(answer.status, 400, address)
      t.same(answer.json, { main: { key: [ENTER], lines: [ENTER] } })
      t.equal(seen.length, checks, 'nothing was tried with it')
    }
  t.same((await save({ address: 'https://evil.example', key: 'other' })).json, { main: { lines: [ENTER] } })
  t.match((await plugin.speaking('sk_SK').saveSettings({ main: { address: 'https://x.example' } })).json, {
    main: { key: ['Zadajte ho znova, inak by odišiel na inú adresu ako doteraz'] }
  })
  t.match((await plugin.settings()).json, { main: { address: good.address, key: true, lines: MASK } })

  t.equal((await save({ address: ' https://GOOD.example:443/other ' })).status, 200, 'the same origin')
  t.match(seen.at(-1), { key: 's3cret', lines: 'a: 1\nb: 2', free: 'f' })
  t.equal((await save({ address: 'https://new.example', key: 'new', lines: '' })).status, 200)
  t.match(seen.at(-1), { address: 'https://new.example', key: 'new', free: 'f' })
  t.notOk('lines' in (seen.at(-1) as object), 'one that is cleared goes nowhere')
})

t.test('a secret does not come by its new address in two steps', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const save = async (main: object) => (await plugin.saveSettings({ main })).status
  t.equal(await save({ key: 's3cret' }), 200)
  t.equal(await save({ address: 'https://default.example' }), 200, 'where it goes when nothing is said')
  for (const address of ['  ', 'nowhere', null, 'https://evil.example'])
    t.equal(await save({ address }), address === null ? 200 : 400, `it would go to ${address}`)
  t.equal(await save({ address: 'https://evil.example', key: 's3cret' }), 200)
})

t.test('a secret can be bound to a field of its group only', async t => {
  const make = (fields: Parameters<typeof group>[1]) => () => group({ title: 'Main' }, fields)
  const key = (sentTo: string) => password({ title: 'Key', sentTo })
  t.throws(make({ key: key('url') }), { message: 'Invalid field name "url", where "key" is sent to' })
  t.throws(make({ key: key('toString') }), { message: /^Invalid field name "toString"/ })
  t.doesNotThrow(make({ key: key('url'), url: string({ title: 'URL' }) }))
})

t.test('a secret of several lines is a text at the CRM, of which a mask is shown', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel, path: '/' }] })
  const plugin = await crm.register(host.url)
  const { json } = await plugin.form()
  t.match((json as { groups: { main: { fields: { lines: unknown } } } }).groups.main.fields.lines, {
    definition: 'string',
    multiline: true,
    default: null
  })
  const save = async (lines: string) => plugin.saveSettings({ main: { lines } })
  t.equal((await save('a: 1\nb: 2')).status, 200)
  t.match((await plugin.settings()).json, { main: { lines: MASK } })
  t.equal((await save(MASK)).status, 200)
  t.match(seen.at(-1), { lines: 'a: 1\nb: 2' })
  t.same((await save(`${MASK}\nc: 3`)).json, { main: { lines: ['Enter the whole of it again'] } })
  t.equal((await save('')).status, 200)
  t.equal((await plugin.saveSettings({ main: { free: MASK } })).status, 200)
  t.match(seen.at(-1), { free: MASK }, 'a password of one line may be anything')
  t.notOk('lines' in (seen.at(-1) as object), 'cleared')
})

/** Listens, and keeps what it is sent. */
async function thief(t: Test) {
  const app = Fastify()
  const stolen: string[] = []
  app.all('/*', async ({ headers }) => {
    stolen.push(JSON.stringify(headers))
    return {}
  })
  t.teardown(() => app.close())
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), stolen }
}

t.test('neither the bearer nor the headers of BpMessage follow its address', async t => {
  const crm = await testCrm(t)
  const gateway = await startSimulator()
  t.teardown(() => gateway.close())
  const { url, stolen } = await thief(t)
  const host = await testHost(t, { channels: [{ channel: bpmessage as Channel }] })
  const plugin = await crm.register(host.at('bpmessage'))
  const { connection, ...rest } = gateway.settings
  const secrets = { bearer: 's3cret-bearer', headers: 'bp-password: p4ssword\nX-Company: 12' }
  t.equal((await plugin.saveSettings({ ...rest, connection: { ...connection, ...secrets } })).status, 200)
  t.match(gateway.store.calls.at(-1)?.headers, { 'bp-password': 'p4ssword', 'x-company': '12' })
  t.match((await plugin.settings()).json, { connection: { bearer: true, headers: MASK } })

  const moved = await plugin.saveSettings({ ...rest, connection: { ...connection, apiUrl: url } })
  t.equal(moved.status, 400)
  t.same(moved.json, { connection: { bearer: [ENTER], headers: [ENTER] } })
  t.same(stolen, [])
})

t.test('the bearer of Mobiletech does not follow its address', async t => {
  const crm = await testCrm(t)
  const { url } = await thief(t)
  const host = await testHost(t, { channels: [{ channel: mobiletech as Channel }] })
  const plugin = await crm.register(host.at('mobiletech'))
  const gateway = { mode: ['mock'], url: 'https://gateway.example/sms', bearer: 's3cret' }
  t.equal((await plugin.saveSettings({ gateway })).status, 200)
  t.same((await plugin.saveSettings({ gateway: { mode: ['mock'], url } })).json, { gateway: { bearer: [ENTER] } })
})

t.test('headers that were kept in clear work on, and are sealed when a host starts', async t => {
  const crm = await testCrm(t)
  const gateway = await startSimulator()
  t.teardown(() => gateway.close())
  const channels = [{ channel: bpmessage as Channel }]
  const first = await testHost(t, { channels })
  const plugin = await crm.register(first.at('bpmessage'))
  t.equal((await plugin.saveSettings(gateway.settings)).status, 200)
  const [saved] = await first.database.db.select().from(settings)
  if (!saved) throw new Error('nothing was saved')
  const { data, registrationId } = saved
  const clear = { ...data, connection: { ...data.connection, headers: 'bp-password: p4ssword' } }
  await first.database.db.update(settings).set({ data: clear })
  await first.close()

  const second = await testHost(t, { channels, env: first.environment })
  const [row] = await second.database.db.select().from(settings).orderBy(asc(settings.registrationId))
  t.notMatch(JSON.stringify(row), /p4ssword/)
  t.equal((await second.settings.load(registrationId)).connection?.headers, 'bp-password: p4ssword')
  t.match((await plugin.settings()).json, { connection: { headers: MASK, apiUrl: gateway.url } })
  t.equal((await plugin.saveSettings(gateway.settings)).status, 200)
  t.match(gateway.store.calls.at(-1)?.headers, { 'bp-password': 'p4ssword' })
})
