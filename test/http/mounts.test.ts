import { freePort } from 'simulator/free-port'
import t from 'tap'
import { testCrm, testHost, until } from '../harness.ts'
import { ask } from './ask.ts'

t.test('channels under different paths are different plugins, each with an audience of its own', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t, { env: { LV_PLUGIN_CHANNELS: 'echo=/a/b form-gallery' } })
  const echo = `${host.url}a/b/`
  const gallery = host.at('form-gallery')
  const reference = { cid: '1', plugin: { alias: 'chat', id: '1' } }
  const one = await crm.register({ selfUri: echo, reference })
  const other = await crm.register({ selfUri: gallery, reference })

  t.equal((await one.form()).status, 200)
  t.equal((await other.form()).status, 200)
  const misled = await other.ask({
    method: 'GET',
    path: 'protected/forms/settings',
    headers: { 'x-plugin-token': await one.token() }
  })
  t.same(misled.json, { code: 403, message: `Audience mismatched '${echo}'` })
  const wrong = await one.ask({
    method: 'GET',
    path: 'protected/forms/settings',
    headers: { 'x-plugin-token': await one.token({ aud: host.url }) }
  })
  t.same(wrong.json, { code: 403, message: `Audience mismatched '${host.url}'` })

  t.equal((await ask(`${host.url}info`)).status, 404, 'nothing is mounted at the root')
  t.equal((await ask(`${host.url}a/info`)).status, 404)
  const upload = await one.upload({ name: 'a.txt', bytes: new Uint8Array(Buffer.from('x')) })
  t.match(upload.json, { uri: new RegExp(`^${RegExp.escape(echo)}uploaded/1/1/`) })
  t.equal((await ask((upload.json as { uri: string }).uri)).text, 'x')
})

t.test('a host behind a path lives below it and nowhere else, and speaks in its name', async t => {
  const crm = await testCrm(t)
  const port = await freePort()
  const origin = `http://127.0.0.1:${port}`
  const host = await testHost(t, { env: { PORT: String(port), LV_PLUGIN_SELF_URI: `${origin}/p/x//` } })
  t.equal(host.url, `${origin}/p/x/`, 'with one slash at its end')

  const plugin = await crm.register(host.url)
  await plugin.saveSettings({ main: { prefix: '<', suffix: '>', delay: 0 } })
  const { message } = await plugin.send({ contact: '1', content: { text: 'hello', format: 'text' } })
  await crm.waitFor(event => event.type === 'incoming')
  t.same(plugin.statuses(message.id), ['sent', 'delivered', 'read'])
  const told = crm.exchanges().find(({ direction, method }) => direction === 'to-crm' && method === 'PATCH')
  t.equal(told?.request.headers['user-agent'], `SR-PLUGIN-CHAT-BOT/1.0 (+${origin}/p/x/info)`)

  const upload = await plugin.upload({ name: 'a.txt', bytes: new Uint8Array(Buffer.from('x')) })
  t.match(upload.json, { uri: new RegExp(`^${RegExp.escape(host.url)}uploaded/`) })
  t.equal((await ask((upload.json as { uri: string }).uri)).text, 'x')
  t.equal((await ask(`${host.at('form-gallery')}info`)).status, 200)
  t.equal((await ask(`${host.url}info`, { method: 'PUT' })).status, 405)
  t.equal((await ask(`${host.url}nope`, { method: 'OPTIONS' })).status, 200)

  for (const path of ['/info', '/p/info', '/p/xx/info', '/form-gallery/info', '/p/x'])
    t.equal((await ask(`${origin}${path}`)).status, 404, path)
})

t.test('what one host is told, every host of the same database and address knows', async t => {
  const crm = await testCrm(t)
  const one = await testHost(t)
  const { DATABASE_URL, DATA_DIR } = one.environment
  const other = await testHost(t, { env: { DATABASE_URL, DATA_DIR, LV_PLUGIN_SELF_URI: one.url } })
  const plugin = await crm.register(one.url)
  const there = `http://127.0.0.1:${other.config.listen.port}/protected/data/settings`
  const seen = async () => (await ask(there, { headers: { 'x-plugin-token': await plugin.token() } })).json

  t.same(await seen(), [], 'the registration is known')
  for (const prefix of ['first', 'second']) {
    await plugin.saveSettings({ main: { prefix, suffix: '', delay: 0 } })
    await until('the other host to know', async () => JSON.stringify(await seen()).includes(prefix))
  }

  await plugin.register({ hpt: 'a new secret' })
  const { message } = await plugin.send({ contact: '1', content: { text: 'hello', format: 'text' } })
  await crm.waitFor(event => event.type === 'incoming')
  t.same(
    plugin.statuses(message.id),
    ['sent', 'delivered', 'read'],
    'whichever host tells it, the secret is the new one'
  )
})
