import { form, group, password, string } from 'channel-kit/form'
import t from 'tap'
import { registrations } from '../src/database/schema.ts'
import { testCrm, testHost, until } from './harness.ts'
import { keptLog } from './log.ts'
import { scripted, text } from './scripted.ts'

t.test('no secret reaches the log or an answer, whatever goes wrong', async t => {
  const { logTo, log } = keptLog()
  const settings = form(
    { title: 'Settings', button: 'Save' },
    { main: group({ title: 'Main' }, { url: string({ title: 'URL' }), key: password({ title: 'Key' }) }) }
  )
  const script = scripted(
    async (message, { settings, fetch, webhookUrl }) => {
      const { url, key } = (settings as { main: { url: string; key: string } }).main
      if (message.contact === 'throws') throw Object.assign(new Error('a bug'), { message })
      await fetch(url, { headers: { authorization: `Bearer ${key}`, 'x-webhook': webhookUrl } })
      return { kind: 'rejected', reason: 'never reached' }
    },
    {
      settings,
      webhook: {
        bodyLimit: 1_000,
        verify: async () => ({ kind: 'genuine' }),
        receive: async () => Promise.reject(new Error('a bug in receive'))
      },
      check: async ({ settings }) =>
        (settings as { main: { key: string } }).main.key === 'wrong-credential' ? { 'main.key': ['is refused'] } : {}
    }
  )
  const crm = await testCrm(t)
  const env = { LOG_LEVEL: 'trace', LV_PLUGIN_CHAT_SEND_ATTEMPTS: '2', LV_PLUGIN_CHAT_SEND_INTERVAL: '10ms' }
  const host = await testHost(t, { channels: [{ channel: script.channel, path: '/' }], env, logTo })
  const plugin = await crm.register(host.url, { hpt: 'hpt-that-nobody-may-see' })
  const [row] = await host.database.db.select().from(registrations)

  const answers: string[] = []
  const hear = async (answer: Promise<{ text: string }>) => answers.push((await answer).text)
  const save = (key: unknown) =>
    plugin.ask({
      method: 'PUT',
      path: 'protected/data/settings',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ main: { url: 'http://127.0.0.1:9/', key } })
    })
  await hear(save('wrong-credential'))
  await hear(save(['not-a-text-credential']))
  await hear(save('gateway-credential'))
  await hear(plugin.ask({ method: 'GET', path: 'protected/data/settings' }))
  await hear(
    plugin.ask({ method: 'GET', path: 'protected/forms/settings', headers: { accept: 'application/schema+json' } })
  )
  await hear(plugin.ask({ method: 'GET', path: 'protected/autocomplete/none?query=secret-query' }))
  const token = await plugin.token({ settings: true })
  await hear(plugin.ask({ method: 'GET', path: 'info', headers: { 'x-plugin-token': `${token}x` } }))
  crm.misbehave(() => ({ status: 500 }))
  await plugin.send(text('1', 'hello'))
  await plugin.send(text('throws', 'hello'))
  await until('both to fail', async () =>
    (await host.database.db.query.messages.findMany()).every(({ state }) => state === 'failed')
  )
  const webhookToken = new URL(await webhookUrlOf()).pathname.split('/').at(-1) as string
  const refused = await fetch(`${host.url}webhook/${webhookToken}?hub=secret-query`, { method: 'POST', body: 'x' })
  answers.push(await refused.text())
  await until('the fault to be logged', async () => log().includes('a bug in receive'))

  const secrets = [
    'hpt-that-nobody-may-see',
    'gateway-credential',
    'wrong-credential',
    'not-a-text-credential',
    token,
    webhookToken,
    host.environment.LV_PLUGIN_SECRET_KEYS as string,
    row?.hpt as string,
    'secret-query'
  ]
  t.equal(refused.status, 500)
  t.same(
    secrets.filter(secret => log().includes(secret)),
    [],
    'in the log'
  )
  t.same(
    secrets.filter(secret => answers.join('\n').includes(secret)),
    [],
    'in the answers'
  )
  t.notOk(answers.join('\n').includes('.ts:'), 'nor any place in the code')

  /** As the channel saw it. */
  async function webhookUrlOf(): Promise<string> {
    const { registrationStore } = await import('../src/crm/registrations.ts')
    const { openSecrets } = await import('../src/database/secrets.ts')
    const store = registrationStore(host.database, openSecrets(host.environment.LV_PLUGIN_SECRET_KEYS as string))
    return `${host.url}webhook/${(await store.get(row?.id as number))?.webhookToken}`
  }
})
