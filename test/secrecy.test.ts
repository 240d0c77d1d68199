import { form, group, password, string } from 'channel-kit/form'
import t from 'tap'
import { messages } from '../src/postgres/schema/messages.ts'
import { registrations } from '../src/postgres/schema/registrations.ts'
import { wrote } from './conversation-fixture.ts'
import { testCrm, testHost, until } from './harness.ts'
import { keptLog } from './log.ts'
import { scripted, taken, text } from './scripted-channel.ts'

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
    (await host.database.db.select().from(messages)).every(({ state }) => state === 'failed')
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
  t.equal(refused.status, 503)
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
    const { createRegistrationStore: registrationStore } = await import('../src/registrations/store.ts')
    const { openSecrets } = await import('../src/secrets/secrets.ts')
    const store = registrationStore(host.database, openSecrets(host.environment.LV_PLUGIN_SECRET_KEYS as string))
    return `${host.url}webhook/${(await store.get(row?.id as number))?.webhookToken}`
  }
})

t.test('what a customer wrote is not in the log, though the database would not take it', async t => {
  const { logTo, log } = keptLog()
  const message = wrote('m1', '+421905000002', 'a private word')
  const nobody = wrote('m2', null as unknown as string, 'another private word')
  const script = scripted(taken, {
    markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl },
    webhook: {
      bodyLimit: 1_000,
      verify: async () => ({ kind: 'genuine' }),
      receive: async ({ body }) => ({ reply: { status: 200 }, events: [body.length > 1 ? message : nobody] })
    }
  })
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel: script.channel, path: '/' }],
    env: { LOG_LEVEL: 'trace' },
    logTo
  })
  const plugin = await crm.register(host.url)
  const { json } = await plugin.markdownPreview('webhook')
  await host.database.sql`alter table outbox add constraint never check (body::text not like '%private%')`
  for (const body of ['1', '22'])
    t.equal((await fetch((json as { markdown: string }).markdown, { method: 'POST', body })).status, 200)
  t.match(log(), 'gateway event could not be stored; left out')
  t.match(log(), 'channel reported invalid events')
  t.notMatch(log(), /private|905000002/)
})

t.test('nor when the database would not take it of a job, or of what was sent', async t => {
  const { logTo, log } = keptLog()
  const script = scripted(async ({ id, content }) =>
    content?.text === 'refused'
      ? { kind: 'rejected', reason: 'a private reason' }
      : {
          kind: 'accepted',
          ref: `ref-${id}`,
          later: [{ afterMs: 10, events: [wrote('m1', '+421905000002', 'a private word')] }]
        }
  )
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel: script.channel, path: '/' }],
    env: { LOG_LEVEL: 'trace' },
    logTo
  })
  const { sql } = host.database
  const plugin = await crm.register(host.url)
  await sql`alter table outbox add constraint never check (body::text not like '%private%')`
  await plugin.send(text('+421905000003', 'replied to'))
  await until('an event to be left out', async () => log().includes('gateway event could not be stored'))
  t.same(await sql`select last_error from graphile_worker.jobs where last_error is not null`, [])

  await sql`alter table messages add constraint never check (reason not like '%private%')`
  await plugin.send(text('+421905000003', 'refused'))
  await until('a message to be set aside', async () => log().includes('message set aside'))
  t.notMatch(log(), /private|905000002/)
  await sql`alter table messages drop constraint never`
})
