import t, { type Test } from 'tap'
import { conversations } from '../../src/postgres/schema/conversations.ts'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { wrote } from '../conversation-fixture.ts'
import { testHost, until } from '../harness.ts'
import { callWith, mendedChannel, type Said } from '../inbound/mended-channel.ts'
import { apiHost } from './ask.ts'

/** Calls of gateways by the API: they are found, opened for who may, and replayed so that nothing comes twice. */

interface Call {
  id: number
  registration: number
}

const itemsOf = ({ json }: { json: { items: unknown[] } }) => json.items as Call[]
const OLD = '2020-01-01T00:00:00Z'

t.test('a call is found by registration, time and how it was read, and its body is for who may operate', async t => {
  const { ask, token, call, first, second, register } = await build(t)
  const theirs = await register()
  await call({ events: [wrote('m1', '1', 'a secret word')] })
  await call({ events: [wrote('m2', '1')], odd: [wrote('m3', '1')] })
  await call({ unreadable: 'x' }, 503)
  await callWith(theirs, { events: [wrote('m1', '2')] })

  const found = async (query: string) => itemsOf(await ask(`/webhooks/received?${query}`)).length
  const queries = [
    '',
    `registration=${first}`,
    `registration=${second}`,
    'read=events',
    'read=skipped',
    'read=failed',
    `until=${OLD}`,
    `since=${OLD}`
  ]
  t.same(await Promise.all(queries.map(found)), [4, 3, 1, 3, 1, 1, 0, 4])
  const page = await ask(`/webhooks/received?registration=${first}&limit=2`)
  const [failed, skipped] = itemsOf(page)
  t.match(
    [failed, skipped],
    [
      { failed: /nothing/, events: 0 },
      { skipped: { 'of a new kind': 1 }, kept: true }
    ]
  )
  t.notMatch(JSON.stringify(page.json), /secret word/)
  const rest = itemsOf(await ask(`/webhooks/received?registration=${first}&limit=2&cursor=${page.json.next}`))
  t.equal(rest.length, 1)

  const id = rest[0]?.id
  const operator = await token({ scopes: ['operate'], registrationId: first })
  const opened = await ask(`/webhooks/received/${id}`, { token: operator })
  t.match(opened.json, { id, request: { method: 'POST', encoding: 'utf8', body: /a secret word/ } })
  t.notMatch(JSON.stringify(opened.json), /the right key/, 'what proves the gateway is not shown')
  t.equal((await ask(`/webhooks/received/${id}`, { token: await token() })).status, 403)
  t.equal((await ask('/webhooks/received/999999')).status, 404)
  for (const query of ['read=perhaps', 'since=now', 'registration=1e3', "cursor=1'", 'id=1'])
    t.equal((await ask(`/webhooks/received?${query}`)).status, 400, query)
})

t.test('a token of another registration sees, opens and replays nothing, and changes nothing', async t => {
  const { ask, token, call, first, second, register, db } = await build(t)
  await register()
  await call({ odd: [wrote('m1', '1')] })
  const [one] = itemsOf(await ask('/webhooks/received'))
  const stranger = await token({ scopes: ['read', 'operate'], registrationId: second })
  const replay = (body: object) => ask('/webhooks/received/replay', { token: stranger, body })
  t.same(itemsOf(await ask('/webhooks/received', { token: stranger })), [])
  t.same(itemsOf(await ask('/webhooks/received/days', { token: stranger })), [])
  const refused = await Promise.all([
    ask(`/webhooks/received?registration=${first}`, { token: stranger }),
    ask(`/webhooks/received/days?registration=${first}`, { token: stranger }),
    ask(`/webhooks/received/${one?.id}`, { token: stranger }),
    replay({ ids: [one?.id] }),
    replay({ ids: [one?.id], dryRun: true }),
    replay({ registration: first, filter: {} })
  ])
  t.same(
    refused.map(({ status }) => status),
    refused.map(() => 403)
  )
  t.match((await replay({ filter: {} })).json, { found: 0, replayed: 0 })
  t.equal((await ask('/webhooks/received/replay', { token: await token(), body: { ids: [one?.id] } })).status, 403)
  for (const body of [
    {},
    { ids: [], filter: {} },
    { ids: [1], filter: {} },
    { ids: [0] },
    { ids: [1, 1] },
    { filter: { q: 1 } },
    { ids: Array.from({ length: 1_001 }, (_, n) => n + 1) }
  ])
    t.equal((await ask('/webhooks/received/replay', { body })).status, 400, JSON.stringify(body).slice(0, 40))
  t.match(itemsOf(await ask('/webhooks/received')), [{ replayedAt: null }])
  t.equal(await db.$count(outbox), 0)
})

t.test('a mended parser brings back what was skipped or failed, in order, once, and nothing twice', async t => {
  const { ask, call, mend, texts, db, first } = await build(t)
  await call({ events: [wrote('m1', '1', 'known')], odd: [wrote('m2', '1', 'skipped')] })
  await call({ unreadable: 'x', events: [wrote('m3', '1', 'failed')] }, 503)
  await until('what could be read', async () => texts().length === 1)
  const replay = async (body: object) => (await ask('/webhooks/received/replay', { body })).json
  const all = { registration: first, filter: {} }

  t.match(await replay(all), { found: 2, replayed: 2, events: 1, skipped: 1, failed: 1, next: null }, 'not mended yet')
  t.equal(await db.$count(outbox), 1)
  mend()
  t.match(await replay({ ...all, dryRun: true }), { dryRun: true, found: 2, replayed: 0 })
  t.match(await replay(all), { dryRun: false, found: 2, replayed: 2, events: 3, skipped: 0, failed: 0, next: null })
  await until('all of them', async () => texts().length === 3)
  t.same(texts(), ['known', 'skipped', 'failed'])
  t.match(itemsOf(await ask('/webhooks/received')), [
    { events: 1, failed: null, replayedAt: /Z$/ },
    { events: 2, skipped: {}, replayedAt: /Z$/ }
  ])
  const ids = itemsOf(await ask('/webhooks/received')).map(({ id }) => id)
  t.match(await replay({ ids }), { found: 2, replayed: 2, events: 3 })
  t.match(await replay({ filter: { read: 'skipped' } }), { found: 0 })
  t.equal(await db.$count(outbox), 3)
  t.match((await ask('/audit')).json.items.slice(0, 2), [
    { action: 'webhooks.replayed', actor: 'console', details: { filter: { read: 'skipped' } } },
    { action: 'webhooks.replayed', details: { ids } }
  ])
})

t.test(
  'two hosts that replay the same calls at once, while the gateway calls again, tell each message once',
  async t => {
    const { ask, call, mend, texts, db, channels, host } = await build(t)
    const said = Array.from({ length: 20 }, (_, n): Said => ({ odd: [wrote(`m${n}`, String(n % 3), `text ${n}`)] }))
    for (const one of said) await call(one)
    const { CONSOLE_TOKEN, DATABASE_URL } = host.environment
    // Both come from one address, as behind a proxy.
    const env = { CONSOLE_TOKEN, DATABASE_URL, LV_PLUGIN_SELF_URI: host.url }
    const second = await testHost(t, { channels, env })
    mend()
    const body = { filter: {} }
    const there = (url: string) =>
      fetch(`${url}api/v1/webhooks/received/replay`, {
        method: 'POST',
        headers: { authorization: `Bearer ${env.CONSOLE_TOKEN}`, 'content-type': 'application/json' },
        body: JSON.stringify(body)
      }).then(answer => answer.json())
    const [one, two] = await Promise.all([
      ask('/webhooks/received/replay', { body }).then(({ json }) => json),
      there(`http://127.0.0.1:${second.config.listen.port}/`),
      ...said.map(one => call(one))
    ])
    t.match([one, two], [{ failed: 0 }, { failed: 0 }])
    t.equal(await db.$count(outbox), 20)
    await until('the CRM to hear of all of them', async () => texts().length >= 20)
    t.same(texts().toSorted(), said.map((_, n) => `text ${n}`).toSorted())
  }
)

t.test('a replay leaves out what held only then, and a message of it is as old as its call', async t => {
  const { call, mend, ask, db, host } = await build(t)
  await call({ events: [wrote('m1', '1', 'today')] })
  const answer = {
    kind: 'answer' as const,
    ref: 'a1',
    contact: '1',
    content: { text: 'we are closed', format: 'text' as const }
  }
  const note = { kind: 'note' as const, name: 'quality', value: 'low' }
  const renamed = { kind: 'renamed' as const, from: '1', to: '2' }
  await call({ odd: [{ ...wrote('m0', '1', 'of last week'), remember: 'old' }, answer, note, renamed] })
  await host.database
    .sql`update received_webhooks set received_at = now() - interval '6 days' where skipped is not null`
  mend()
  t.match((await ask('/webhooks/received/replay', { body: { filter: { read: 'skipped' } } })).json, {
    replayed: 1,
    failed: 0
  })
  t.equal(await db.$count(outbox), 2)
  t.equal(await db.$count(messages), 0, 'no answer days late')
  t.same([...(await host.database.sql`select * from notes`)], [])
  t.match(await db.select().from(conversations), [{ contact: '1', address: null, memory: null, lastIncomingRef: 'm1' }])
})

t.test('a replay of more than a thousand calls says where to go on', async t => {
  const { call, ask, host } = await build(t)
  await call({})
  await host.database.sql`
    insert into received_webhooks (registration_id, bytes, events) select registration_id, 0, 0 from received_webhooks, generate_series(1, 1200)`
  const { json } = await ask('/webhooks/received/replay', { body: { filter: {} } })
  const { next, ...done } = json as unknown as { next: number }
  t.match(done, { found: 1_000, replayed: 1 })
  const rest = await ask('/webhooks/received/replay', { body: { filter: {}, after: next } })
  t.match(rest.json, { found: 201, replayed: 0, next: null })
  t.match((await ask('/webhooks/received/replay', { body: { filter: {}, dryRun: true } })).json, { found: 1 })
})

async function build(t: Test) {
  const { channel, mend } = mendedChannel()
  const channels = [{ channel, path: '/' }]
  const api = await apiHost(t, { channels, env: { LV_PLUGIN_QUOTA_API: '1000' } })
  const { crm, host } = api
  const register = async () => {
    const plugin = await crm.register(host.url)
    return ((await plugin.markdownPreview('webhook')).json as { markdown: string }).markdown
  }
  const webhook = await register()
  const call = async (said: Said, status = 200) => t.equal(await callWith(webhook, said), status)
  /** As the CRM heard them. */
  const texts = () =>
    crm.events.flatMap(event => (event.type === 'incoming' ? [event.message.content?.text ?? ''] : []))
  return { ...api, channels, mend, register, call, texts, db: host.database.db, first: 1, second: 2 }
}
