import { freePort } from 'simulator/free-port'
import t from 'tap'
import { call, hookHost, incoming, status } from '../channels/hook.ts'
import { testCrm, testDatabase, testHost, until } from '../harness.ts'
import { ask } from '../http/ask.ts'
import { databaseRelay } from '../http/database-relay.ts'
import { build, lotGateway } from '../lots/lot-gateway.ts'
import { METRICS_TOKEN, namesOf, scraped } from './scrape.ts'

/** Metrics: names and labels are those that operators build upon, and each counts what happens. */

const env = { METRICS_TOKEN }

/** Metrics of the host's own; the rest is of the process. */
const OWN: Readonly<Record<string, readonly string[]>> = {
  chat_messages_accepted_total: ['channel', 'class'],
  chat_accept_seconds: [],
  chat_queue_wait_seconds: ['channel', 'class'],
  chat_attempts_total: ['channel', 'outcome'],
  chat_gateway_seconds: ['channel'],
  chat_messages_settled_total: ['channel', 'state'],
  chat_messages_undelivered_total: ['channel'],
  chat_waiting: ['channel', 'class'],
  chat_oldest_waiting_seconds: ['channel'],
  chat_outbox_waiting: [],
  chat_outbox_oldest_seconds: [],
  chat_outbox_total: ['result'],
  chat_webhooks_total: ['channel', 'result'],
  chat_incoming_total: ['channel'],
  chat_lots: ['state'],
  chat_registrations: ['channel', 'state'],
  chat_hosts: [],
  chat_cost_total: ['category', 'channel', 'currency'],
  chat_gauges_age_seconds: [],
  chat_pool_connections: ['pool', 'state'],
  chat_pool_waiting: ['pool']
}

t.test('metrics have the names and labels that operators build upon, and those of the process', async t => {
  const { host, webhook } = await hookHost(t, { env })
  await call(webhook, [{ ...status('g0', 'sent') }])
  const names = namesOf(await scraped(host.url))
  const own = [...names].filter(([name]) => name.startsWith('chat_'))
  const wanted = Object.entries(OWN).filter(([name]) => name !== 'chat_cost_total')
  t.same(Object.fromEntries(own), Object.fromEntries(wanted), 'a price appears with the first one')
  for (const name of [
    'process_cpu_user_seconds_total',
    'nodejs_eventloop_lag_p99_seconds',
    'nodejs_heap_size_used_bytes'
  ])
    t.ok(names.has(name), name)
})

t.test('a message is counted from its 202 to what the CRM was told', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t, { env })
  const plugin = await crm.register(host.url)
  await plugin.saveSettings({ main: { prefix: '<', suffix: '>', delay: 0 } })
  for (const contact of ['1', '2', '3']) await plugin.send({ contact, content: { text: 'hi', format: 'text' } })
  const counts = await until('three to be told', async () => {
    const counts = await scraped(host.url)
    return (counts.get('chat_outbox_total{result="delivered"}') ?? 0) >= 9 && counts
  })
  t.equal(counts.get('chat_messages_accepted_total{channel="echo",class="normal"}'), 3)
  t.equal(counts.get('chat_messages_accepted_total{channel="echo",class="bulk"}'), 0)
  t.equal(counts.get('chat_accept_seconds_count'), 3)
  t.ok((counts.get('chat_accept_seconds_sum') ?? 0) > 0)
  t.equal(counts.get('chat_queue_wait_seconds_count{channel="echo",class="normal"}'), 3)
  t.equal(counts.get('chat_attempts_total{channel="echo",outcome="accepted"}'), 3)
  t.equal(counts.get('chat_gateway_seconds_count{channel="echo"}'), 3)
  t.equal(counts.get('chat_messages_settled_total{channel="echo",state="accepted"}'), 3)
  t.equal(counts.get('chat_messages_settled_total{channel="echo",state="failed"}'), 0)
  t.equal(counts.get('chat_registrations{channel="echo",state="active"}'), 1)
  t.equal(counts.get('chat_hosts'), 1)
  t.ok((counts.get('chat_pool_connections{pool="jobs",state="idle"}') ?? 0) > 0)
})

t.test('calls of gateways are counted by what became of them, with messages of customers and prices', async t => {
  const { host, webhook, plugin } = await hookHost(t, { env })
  await plugin.send({ contact: '1', content: { text: 'hi', format: 'text' } })
  const accepted = 'chat_messages_settled_total{channel="hook",state="accepted"}'
  await until('the message to be settled', async () => (await scraped(host.url)).get(accepted) === 1)
  const priced = (name: 'sent' | 'delivered', amount: number, category = 'utility') => ({
    ...status('g1', name),
    cost: { unit: 'message', category, amount, currency: 'EUR' }
  })
  await call(webhook, [incoming('m1', '1'), incoming('m2', '2'), priced('sent', 0.5)])
  await call(webhook, [incoming('m1', '1'), priced('delivered', 0.75)])
  await call(webhook, [priced('delivered', 0.75)])
  await call(webhook, [], { 'x-signature': 'forged' })
  await fetch(`${host.at('hook')}webhook/nobody`, { method: 'POST', body: '{}' })
  await fetch(`${webhook}?token=a%20shared%20secret&challenge=1`)
  await call(webhook, 5 as never)
  const counts = await scraped(host.url)
  const webhooks = (result: string) => counts.get(`chat_webhooks_total{channel="hook",result="${result}"}`)
  t.same(['taken', 'refused', 'unknown', 'answered', 'failed'].map(webhooks), [3, 1, 1, 1, 1])
  t.equal(counts.get('chat_incoming_total{channel="hook"}'), 2, 'a repeated one is no new one')
  const cost = counts.get('chat_cost_total{channel="hook",category="utility",currency="EUR"}')
  t.equal(cost, 0.75, 'a price that rises counts once, as what it is in the end')
})

t.test('a lot, its calls and its messages are counted', async t => {
  const gateway = lotGateway()
  const { host, plugin } = await build(t, gateway, env)
  for (const contact of ['1', '2']) await plugin.send({ contact, content: { text: contact, format: 'text' } })
  const called = `chat_attempts_total{channel="${gateway.channel.name}",outcome="accepted"}`
  const counts = await until('the lot to be opened, filled and closed', async () => {
    const counts = await scraped(host.url)
    return counts.get(called) === 3 && counts
  })
  t.equal(counts.get(`chat_messages_settled_total{channel="${gateway.channel.name}",state="accepted"}`), 2)
})

t.test('metrics are 404 where nobody may read them, and 401 without their token', async t => {
  const [closed, open] = [await testHost(t), await testHost(t, { env })]
  t.equal((await ask(`${closed.url}metrics`)).status, 404)
  for (const authorization of ['', 'Bearer', `Bearer ${METRICS_TOKEN}x`, `Basic ${METRICS_TOKEN}`, METRICS_TOKEN]) {
    const answer = await ask(`${open.url}metrics`, { headers: { authorization } })
    t.equal(answer.status, 401, authorization)
    t.match(answer.json, { code: 401 })
    t.equal(answer.headers['www-authenticate'], 'Bearer')
  }
})

t.test('METRICS_PORT serves them without a token, on a host that only works too', async t => {
  const port = String(await freePort())
  const host = await testHost(t, { env: { METRICS_PORT: port, LV_PLUGIN_ROLES: 'worker' } })
  const url = `http://127.0.0.1:${port}/`
  t.ok((await scraped(url, {})).has('chat_hosts'))
  t.equal((await ask(`${url}health/ready`)).status, 200)
  t.equal((await ask(`${url}info`)).status, 404, 'nothing else is there')
  await t.rejects(fetch(host.url), 'the port of the host is closed')
  const web = await testHost(t, { env: { METRICS_PORT: String(await freePort()), LV_PLUGIN_ROLES: 'web' } })
  t.equal((await ask(`${web.url}metrics`)).status, 404, 'the token opens the own path alone')
})

t.test('ten hosts cost one reading of the database, and read again after a while', async t => {
  const DATABASE_URL = await testDatabase(t)
  const crm = await testCrm(t)
  const hosts = await Promise.all(
    [1, 2, 3].map(() => testHost(t, { env: { ...env, DATABASE_URL, LV_PLUGIN_ROLES: 'web' } }))
  )
  const [first] = hosts
  if (!first) throw new Error('there is no host')
  await crm.register(first.url)
  const registered = async () =>
    (await Promise.all(hosts.map(({ url }) => scraped(url)))).map(
      counts => counts.get('chat_registrations{channel="echo",state="active"}') ?? 0
    )
  await until('all to know one', async () => (await registered()).every(count => count === 1))
  const { sql } = first.database
  const [before] = await sql`select begun_at from figures`
  await crm.register({ key: 'another', selfUri: first.url })
  t.same(await registered(), [1, 1, 1], 'nobody reads so soon after another')
  t.same(await sql`select begun_at from figures`, [before])
  await sql`update figures set begun_at = begun_at - interval '1 minute', read_at = read_at - interval '1 minute'`
  // A host that has figures of its own asks for others when those are old.
  const late = await testHost(t, { env: { ...env, DATABASE_URL, LV_PLUGIN_ROLES: 'web' } })
  const counts = await scraped(late.url)
  t.equal(counts.get('chat_registrations{channel="echo",state="active"}'), 2)
  t.ok((counts.get('chat_gauges_age_seconds') ?? 100) < 15)
})

t.test('a scrape without the database shows what the process itself knows, and that the gauges are old', async t => {
  const relay = await databaseRelay(t, await testDatabase(t))
  const host = await testHost(t, { env: { ...env, DATABASE_URL: relay.url } })
  await relay.cut()
  const startedAt = performance.now()
  const counts = await scraped(host.url)
  t.ok(performance.now() - startedAt < 5_000, 'a scrape waits for it no longer than Prometheus does')
  t.ok((counts.get('process_cpu_user_seconds_total') ?? 0) > 0)
  t.equal(counts.get('chat_attempts_total{channel="echo",outcome="accepted"}'), 0)
  t.ok((counts.get('chat_gauges_age_seconds') ?? 0) > 0)
  t.notOk(counts.has('chat_hosts'), 'a figure that nobody has read is no zero')
  await relay.mend()
  await until('the gauges to be back', async () => (await scraped(host.url)).get('chat_hosts') === 1)
})
