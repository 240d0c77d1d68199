import type { Outcome, Outgoing } from 'channel-kit/outcome'
import t, { type Test } from 'tap'
import { CONSOLE_TOKEN } from '../api/ask.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { lotGateway } from '../lots/lot-gateway.ts'
import { scripted, taken, text } from '../scripted-channel.ts'
import { startCollector } from './collector.ts'

const SECRET_TEXT = 'a text that is nobody’s business'
const CALLER = { traceId: '4bf92f3577b34da6a3ce929d0e0e4736', spanId: '00f067aa0ba902b7' }

/** Taken by a gateway that reports it as sent at once. */
async function sent({ id }: Pick<Outgoing, 'id'>): Promise<Outcome> {
  const ref = `ref-${id}`
  return { kind: 'accepted', ref, later: [{ afterMs: 0, events: [{ kind: 'status', ref, status: 'sent' }] }] }
}

/** A host that exports at once what it has. The exporter reads the variables of the process. */
async function build(t: Test, { channel }: Pick<ReturnType<typeof scripted>, 'channel'>, url: string) {
  const env = {
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_RESOURCE_ATTRIBUTES: 'service.name=ours'
  }
  Object.assign(process.env, env)
  t.teardown(() => {
    for (const name of Object.keys(env)) delete process.env[name]
  })
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel, path: '/' }],
    env: { ...env, CONSOLE_TOKEN, LV_PLUGIN_CHAT_SEND_INTERVAL: '50ms' }
  })
  const plugin = await crm.register(host.url)
  return { crm, host, plugin }
}

t.test('a trace leads from /special/send over the queue and each call of the gateway to the CRM', async t => {
  const collector = await startCollector(t)
  const outcomes: Outcome[] = [{ kind: 'retry', reason: 'busy' }]
  const gateway = scripted(async message => outcomes.shift() ?? sent(message))
  const { plugin } = await build(t, gateway, collector.url)

  await plugin.send(text('+15550001', SECRET_TEXT))
  await until('the span of the CRM call', async () => collector.named('CRM call').length === 1)
  await until('the span of the request', async () => collector.named('POST /special/send').length === 1)

  const [request] = collector.named('POST /special/send')
  const way = collector.spans.filter(({ traceId }) => traceId === request?.traceId)
  t.same(way.map(({ name, failed }) => `${name}${failed ? ' failed' : ''}`).toSorted(), [
    'CRM call',
    'POST /special/send',
    'gateway call',
    'gateway call failed',
    'queue wait',
    'queue wait'
  ])
  for (const span of way.filter(one => one !== request)) {
    t.equal(span.parentSpanId, request?.spanId, `${span.name} is below the request`)
    t.ok(span.from <= span.until, `${span.name} ends after it began`)
    t.match(span.attributes, { 'chat.registration': '1', 'chat.message': '1' })
  }
  t.match(collector.named('gateway call')[1]?.attributes, {
    'chat.channel': 'scripted',
    'chat.attempt': '2',
    'chat.outcome': 'accepted'
  })
  t.match(collector.named('CRM call')[0]?.attributes, { 'chat.status': 'sent', 'chat.outcome': 'delivered' })
  t.equal(request?.service, 'ours')
})

t.test('a caller’s trace is joined, by each message of an API client', async t => {
  const collector = await startCollector(t)
  const { host } = await build(t, scripted(taken), collector.url)

  const { traceId, spanId } = CALLER
  const items = ['1', '2'].map(id => ({ id, contact: `+1555000${id}`, text: SECRET_TEXT }))
  await fetch(`${host.url}api/v1/registrations/1/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${CONSOLE_TOKEN}`,
      'content-type': 'application/json',
      traceparent: `00-${traceId}-${spanId}-01`
    },
    body: JSON.stringify({ items })
  })
  await until('both calls', async () => collector.named('gateway call').length === 2)
  await until('the request', async () => collector.spans.some(({ parentSpanId }) => parentSpanId === spanId))

  t.ok(collector.named('gateway call').every(span => span.traceId === traceId))
})

t.test('a message of a lot has the wait for its lot and the call that took it', async t => {
  const collector = await startCollector(t)
  const { plugin } = await build(t, lotGateway({ windowMs: 100 }), collector.url)

  for (const contact of ['1', '2']) await plugin.send(text(contact, `text ${contact}`))
  await until('both CRM calls', async () => collector.named('CRM call').length === 2)

  for (const name of ['queue wait', 'gateway call', 'CRM call'])
    t.equal(new Set(collector.named(name).map(({ traceId }) => traceId)).size, 2, name)
  t.match(collector.named('gateway call')[0]?.attributes, { 'chat.lot': '1', 'chat.outcome': 'accepted' })
})

t.test('a trace that cannot be written leaves no message of a lot in doubt, and sends none again', async t => {
  const collector = await startCollector(t)
  const gateway = lotGateway({ windowMs: 100 })
  const { host, plugin } = await build(t, gateway, collector.url)
  const { sql } = host.database
  const { add } = gateway.well
  gateway.script.add = async (...given) => {
    await sql`alter table messages rename column traceparent to gone`
    return add(...given)
  }

  for (const contact of ['1', '2']) await plugin.send(text(contact, `text ${contact}`))
  await until('the call to be saved', async () => {
    const [chunk] = await sql`select state from lot_chunks`
    return chunk?.state === 'accepted' || chunk?.state === 'unknown'
  })
  await sql`alter table messages rename column gone to traceparent`
  await until('the lot to end', async () => (await sql`select from lots where ended_at is not null`).length === 1)

  t.same(gateway.calls, ['open', 'add 2', 'close'])
  t.same(await sql`select distinct state from messages`, [{ state: 'accepted' }])
})

t.test('no span has a text, a contact, a query or the token of a webhook', async t => {
  const collector = await startCollector(t)
  const { host, plugin } = await build(t, scripted(sent), collector.url)

  await plugin.send(text('+15550001', SECRET_TEXT))
  await fetch(`${host.url}webhook/a-token-of-a-webhook?hub=a-query`, { method: 'POST', body: '{}' })
  const headers = { authorization: `Bearer ${CONSOLE_TOKEN}`, 'content-type': 'application/json' }
  await fetch(`${host.url}api/v1/registrations/1/conversations/%2B15550001/hold`, {
    method: 'PUT',
    headers,
    body: '{}'
  })
  await fetch(`${host.url}api/v1/registrations/1/pause`, { method: 'POST', headers, body: `{"reason": ${SECRET_TEXT}` })
  await until('the span of the CRM call', async () => collector.named('CRM call').length === 1)
  for (const name of [
    // The channel of this test has no webhook.
    'POST',
    'PUT /api/v1/registrations/:id/conversations/:contact/hold',
    'POST /api/v1/registrations/:id/pause'
  ])
    await until(`the span ${name}`, async () => collector.named(name).length === 1)

  const exported = Buffer.concat(collector.bodies).toString('latin1')
  for (const secret of ['nobody', '15550001', 'a-query', 'a-token-of-a-webhook']) t.notMatch(exported, secret)
})

t.test('a collector that refuses everything costs messages nothing, and the host ends', async t => {
  const collector = await startCollector(t, 503)
  const { crm, host, plugin } = await build(t, scripted(sent), collector.url)

  await plugin.send(text('+15550001', 'hello'))
  await crm.waitFor(event => event.type === 'status' && event.status === 'sent')

  await until('the collector to be asked', async () => collector.bodies.length > 0)
  await t.resolves(host.close())
})

t.test('without a collector a message has no traceparent, whatever its caller sends', async t => {
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel: scripted(taken).channel, path: '/' }],
    env: { CONSOLE_TOKEN }
  })
  await crm.register(host.url)

  await fetch(`${host.url}api/v1/registrations/1/messages`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${CONSOLE_TOKEN}`,
      'content-type': 'application/json',
      traceparent: `00-${CALLER.traceId}-${CALLER.spanId}-01`
    },
    body: JSON.stringify({ items: [{ id: '1', contact: '+15550001', text: 'hello' }] })
  })
  t.same(await host.database.sql`select traceparent from messages`, [{ traceparent: null }])
})
