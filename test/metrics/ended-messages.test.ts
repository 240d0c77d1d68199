import t, { type Test } from 'tap'
import { apiHost } from '../api/ask.ts'
import { until } from '../harness.ts'
import { scripted, text } from '../scripted-channel.ts'
import { METRICS_TOKEN, scraped } from './scrape.ts'

/** Messages that end without a call of their gateway are counted as failed, whoever ended them. */

async function build(t: Test) {
  const busy = async () => ({ kind: 'retry' as const, reason: 'busy', afterMs: 60_000 })
  const channels = [{ channel: scripted(busy).channel, path: '/' }]
  const api = await apiHost(t, { channels, env: { METRICS_TOKEN } })
  const plugin = await api.crm.register(api.host.url)
  const { sql } = api.host.database
  const post = async (contact: string) => {
    await plugin.send(text(contact, 'hi'))
    await until('an attempt', async () => (await sql`select from messages where reason = 'busy'`).length > 0)
  }
  const failed = async () =>
    (await scraped(api.host.url)).get('chat_messages_settled_total{channel="scripted",state="failed"}')
  return { ...api, plugin, sql, post, failed }
}

t.test('messages that an operator cancels', async t => {
  const { ask, post, failed } = await build(t)
  await post('1')
  t.equal(await failed(), 0)
  t.match((await ask('/messages/cancel', { body: { filter: { contact: '1' } } })).json, { cancelled: 1 })
  t.equal(await failed(), 1)
})

t.test('messages of a contact that is suppressed, by an agent or by a client', async t => {
  const { ask, plugin, post, failed, sql } = await build(t)
  await post('1')
  await plugin.send(text('1', '/optout all'))
  const [row] = await sql`select count(*)::int n from messages where state = 'failed'`
  t.equal(await failed(), row?.n, 'by a directive')
  await post('2')
  const before = (await failed()) ?? 0
  const { json } = await ask('/registrations/1/suppressions', { body: { contacts: ['2'], purpose: 'all' } })
  t.match(json, { cancelled: 1 })
  t.equal(await failed(), before + 1)
})

t.test('a message that its gateway had taken and could not deliver is counted apart, and in the chart', async t => {
  const { channel } = scripted(async () => ({
    kind: 'accepted',
    ref: 'g1',
    later: [{ afterMs: 50, events: [{ kind: 'status', ref: 'g1', status: 'error' }] }]
  }))
  const { host, crm } = await apiHost(t, { channels: [{ channel, path: '/' }], env: { METRICS_TOKEN } })
  const plugin = await crm.register(host.url)
  await plugin.send(text('1', 'hi'))
  const { sql } = host.database
  await until('the status', async () => (await sql`select from messages where status = 'error'`).length > 0)
  const metrics = await scraped(host.url)
  t.equal(metrics.get('chat_messages_undelivered_total{channel="scripted"}'), 1)
  t.equal(metrics.get('chat_messages_settled_total{channel="scripted",state="failed"}'), 0)
  t.equal(metrics.get('chat_messages_settled_total{channel="scripted",state="accepted"}'), 1)
  await until('the chart', async () => (await sql`select from traffic where failed = 1 and sent = 1`).length === 1)
})

t.test('messages that expire', async t => {
  const { ask, failed, sql } = await build(t)
  await sql`update registrations set operator_paused_until = '9999-01-01'`
  const item = { id: 'a', contact: '1', text: 'hi', expiresAt: new Date(Date.now() + 1_500).toISOString() }
  const { json } = await ask('/registrations/1/messages', { body: { items: [item] } })
  t.match(json, { results: [{ result: 'accepted' }] })
  await until('the expiry to be counted', async () => (await failed()) === 1)
})
