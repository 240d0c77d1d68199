import t from 'tap'
import { testCrm, testHost, until } from '../harness.ts'
import { ask, askJson, isEnvelope } from './ask.ts'
import { testChannel } from './channel.ts'

const crm = await testCrm(t)
const channel = testChannel({ markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl } })
const host = await testHost(t, { channels: [{ channel, path: '/' }, { channel: testChannel({ name: 'other' }) }] })
const HANDSHAKE = { HPT: 'a secret', country: 'RU', currency: 'RUB' }

const rows = (id: string) => host.database.sql`select * from registrations where plugin_id = ${id}`
const newcomer = (id: string) =>
  crm.plugin({ selfUri: host.url, reference: { cid: '1', plugin: { alias: 'chat', id } } })

async function register(at: Parameters<typeof crm.sign>[0], claims: object) {
  return askJson(`${at.selfUri}registration`, 'PUT', { registration: await crm.sign(at, { ...claims }) })
}

t.test('a handshake is answered with one word and remembered', async t => {
  const answer = await register(newcomer('1'), HANDSHAKE)
  t.equal(answer.status, 200)
  t.equal(answer.text, '{"registered":true}')
  const [row] = await rows('1')
  t.match(row, {
    channel: 'test',
    company_id: '1',
    alias: 'chat',
    country: 'RU',
    currency: 'RUB',
    cluster_uri: crm.url
  })
})

t.test('registering again replaces what the CRM decides, and keeps the webhook and the settings', async t => {
  const plugin = newcomer('2')
  await plugin.register({ hpt: 'first', country: 'RU' })
  const saved = { main: { prefix: '<', suffix: '>', delay: 0 } }
  await plugin.saveSettings(saved)
  const webhook = await plugin.markdownPreview('webhook')
  t.match(webhook.json, { markdown: new RegExp(`^${RegExp.escape(host.url)}webhook/[\\w-]{20,}$`) })

  t.equal((await plugin.register({ hpt: 'second', country: 'KZ', currency: 'KZT' })).status, 200)
  t.same((await plugin.settings()).json, saved)
  t.same((await plugin.markdownPreview('webhook')).json, webhook.json)
  const found = await rows('2')
  t.equal(found.length, 1)
  t.match(found[0], { country: 'KZ', currency: 'KZT' })

  const { message } = await plugin.send({ contact: '2', content: { text: 'hello', format: 'text' } })
  await crm.waitFor(event => event.type === 'incoming' && event.plugin === plugin.key)
  t.same(plugin.statuses(message.id), ['sent', 'delivered', 'read'], 'the CRM is spoken to with the new secret')
})

t.test('what an archived plugin had to tell is told when it is registered again', async t => {
  const plugin = newcomer('3')
  await plugin.register()
  await plugin.saveSettings({ main: { prefix: '<', suffix: '>', delay: 0 } })
  crm.misbehave(() => ({ status: 418 }))
  const { message } = await plugin.send({ contact: '3', content: { text: 'hello', format: 'text' } })
  await until('the archive', async () => (await rows('3'))[0]?.archived_at)

  crm.misbehave()
  t.equal((await plugin.register()).status, 200)
  await crm.waitFor(event => event.type === 'incoming' && event.plugin === plugin.key)
  t.same(plugin.statuses(message.id), ['sent', 'delivered', 'read'])
  t.match(await rows('3'), [{ archived_at: null }])
})

t.test('numbers name the same plugin as texts', async t => {
  const plugin = newcomer('4')
  await plugin.register()
  await register(plugin, { ...HANDSHAKE, cid: 1, plugin: { alias: 'chat', id: 4 } })
  t.equal((await rows('4')).length, 1)
})

t.test('a cluster may be named with a path, a query, or no slash at its end', async t => {
  const plugin = newcomer('5')
  for (const iss of [crm.url.slice(0, -1), `${crm.url}a/b?c=d#e`]) {
    t.equal((await register(plugin, { ...HANDSHAKE, iss })).status, 200, iss)
    t.match(await rows('5'), [{ cluster_uri: iss }])
  }
})

t.test('one channel knows nothing of a registration at another', async t => {
  const plugin = newcomer('6')
  await plugin.register()
  const there = crm.plugin({ selfUri: host.at('other'), reference: plugin.reference })
  t.match((await there.settings()).json, { code: 403, message: 'Plugin was not registered' })
  await there.register()
  t.equal((await rows('6')).length, 2)
})

t.test('many first handshakes at once are all answered, and are one registration', async t => {
  const plugin = newcomer('7')
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, index) => register(plugin, { ...HANDSHAKE, HPT: `secret ${index}` }))
  )
  t.same([...new Set(answers.map(({ text }) => text))], ['{"registered":true}'])
  t.equal((await rows('7')).length, 1)
  t.equal((await plugin.settings()).status, 200)
})

t.test('the shared secret is a text of 1 to 512 characters, or a number', async t => {
  for (const HPT of ['x', 'x'.repeat(512), '«ключ» 🙂', ' ', 1234567890])
    t.equal((await register(newcomer('8'), { ...HANDSHAKE, HPT })).status, 200, String(HPT).slice(0, 20))
  for (const HPT of ['', 'x'.repeat(513), null, undefined, true, ['x'], { a: 1 }])
    t.equal((await register(newcomer('9'), { ...HANDSHAKE, HPT })).status, 403, JSON.stringify(HPT)?.slice(0, 20))
  t.same(await rows('9'), [])
})

t.test('country and currency are codes of two and three characters', async t => {
  const wrong = [
    { country: undefined },
    { country: null },
    { country: 'RUS' },
    { country: '' },
    { country: 12 },
    { country: ['R', 'U'] },
    { currency: undefined },
    { currency: null },
    { currency: 'RU' },
    { currency: 643 }
  ]
  for (const claims of wrong)
    t.equal((await register(newcomer('9'), { ...HANDSHAKE, ...claims })).status, 403, JSON.stringify(claims))
  t.same(await rows('9'), [])
})

t.test('a body without a token is 400, a token that is not believed is 403', async t => {
  const url = `${host.url}registration`
  const good = await crm.sign(newcomer('9'), HANDSHAKE)
  for (const body of [{}, [], [good], 'x', null, { registration: null }, { registration: '' }, { registration: 5 }])
    t.equal((await askJson(url, 'PUT', body)).status, 400, JSON.stringify(body))
  for (const registration of [[good], { jwt: good }, ['a']])
    t.equal((await askJson(url, 'PUT', { registration })).status, 400, 'a token is a text')
  t.equal((await ask(url, { method: 'PUT' })).status, 400, 'no body at all')
  t.equal((await ask(`${url}?registration=${good}`, { method: 'PUT' })).status, 400, 'a query is no body')

  for (const registration of ['x', '0', 'a.b.c', good.slice(0, -20), `${good}.x`, `Bearer ${good}`]) {
    const answer = await askJson(url, 'PUT', { registration })
    t.equal(answer.status, 403, registration.slice(0, 20))
    t.ok(isEnvelope(answer))
  }
  t.same(await rows('9'), [])
})

t.test('a handshake without a whole reference is refused', async t => {
  for (const claims of [
    { cid: undefined },
    { cid: '' },
    { plugin: undefined },
    { plugin: ['chat', '10'] },
    { plugin: 'chat' },
    { plugin: { alias: 'chat' } },
    { plugin: { id: '9' } },
    { plugin: { alias: 'chat', id: null } },
    { plugin: { alias: 'chat', id: 'x'.repeat(256) } }
  ]) {
    const answer = await register(newcomer('9'), { ...HANDSHAKE, ...claims })
    t.same(answer.json, { code: 403, message: 'Requested claim is not configured' }, JSON.stringify(claims))
  }
})

t.test('a handshake that is refused never touches the registration that stands', async t => {
  const plugin = newcomer('10')
  await plugin.register({ hpt: 'standing' })
  const standing = await rows('10')
  const good = await crm.sign(plugin, HANDSHAKE)
  const [head, claims] = good.split('.')

  const forged = [`${head}.${claims}.`, `${head}.${claims}.AAAA`, `${head}.${claims}`, 'x']
  for (const registration of forged)
    t.equal((await askJson(`${host.url}registration`, 'PUT', { registration })).status, 403)
  for (const claims of [
    { HPT: undefined },
    { HPT: '' },
    { country: null },
    { currency: 'x' },
    { aud: 'x' },
    { exp: 1 }
  ])
    t.equal((await register(plugin, { ...HANDSHAKE, ...claims })).status, 403)

  t.same(await rows('10'), standing)
  t.equal((await plugin.settings()).status, 200)
})
