import { type SQL, sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { testHost, until } from '../harness.ts'
import { scripted, taken, text } from '../scripted-channel.ts'
import { apiHost } from './ask.ts'

/** Messages that wait are ended by the API or by their expiry, without a call of their gateway. */

const busy = async () => ({ kind: 'retry' as const, reason: 'busy', afterMs: 60_000 })

async function build(t: Test, send: Parameters<typeof scripted>[0] = busy) {
  const gateway = { send }
  const script = scripted((message, tools) => gateway.send(message, tools))
  const channels = [{ channel: script.channel, path: '/' }]
  const api = await apiHost(t, { channels, env: { LV_PLUGIN_QUOTA_API: '1000', LV_PLUGIN_CHAT_SEND_INTERVAL: '50ms' } })
  const [plugin, other] = [await api.crm.register(api.host.url), await api.crm.register(api.host.url)]
  const { db } = api.host.database
  const row = async (crmId: string) => (await db.select().from(messages).where(sql`crm_id = ${crmId}`))[0]
  /** Posts texts, one after the other; the ids that the CRM gave. */
  const post = async (contact: string, ...words: string[]) => {
    const ids: string[] = []
    for (const word of words) ids.push((await plugin.send(text(contact, word))).message.id)
    return ids
  }
  const tried = (crmId: string) => until('an attempt', async () => (await row(crmId))?.reason === 'busy')
  const change = (set: SQL) => db.execute(sql`update messages set ${set}`)
  const cancel = (body: object, token?: string) =>
    api.ask('/messages/cancel', { body, ...(token === undefined ? {} : { token }) })
  return { ...api, gateway, script, channels, plugin, other, db, row, post, tried, change, cancel }
}

t.test('cancelled messages end as failed, the CRM hears of each once, and others go on', async t => {
  const { cancel, ask, db, gateway, plugin, post, row, script, tried } = await build(t)
  const ids = await post('1', 'one', 'two', 'three')
  const [kept = ''] = await post('2', 'kept')
  const [first = '', second = '', third = ''] = ids
  await tried(first)

  t.match((await cancel({ filter: { contact: '1' }, dryRun: true })).json, { dryRun: true, cancelled: 3, more: false })
  t.equal(await db.$count(messages, sql`state = 'failed'`), 0)
  const two = Number((await row(second))?.id)
  t.match((await cancel({ ids: [two, 999_999] })).json, { dryRun: false, cancelled: 1, inHand: 0 })
  t.match((await cancel({ filter: { contact: '1' } })).json, { cancelled: 2, inHand: 0, inLots: 0, mayHaveLeft: 0 })
  t.match((await cancel({ filter: { contact: '1' } })).json, { cancelled: 0 })

  await until('the CRM to hear', async () => ids.every(id => plugin.statuses(id).length > 0))
  t.same(ids.map(plugin.statuses), [['error'], ['error'], ['error']])
  t.match(await row(third), { state: 'failed', status: 'error', reason: 'cancelled', attempts: 0 })
  const { json } = await ask(`/messages/${two}`)
  t.match(json.story.at(-2), { kind: 'ended', reason: 'cancelled' })
  t.equal(json.story.at(-1)?.kind, 'crm')
  gateway.send = taken
  await post('1', 'four')
  await until('a later one to go', async () => script.texts().includes('four'))
  t.match(await row(kept), { state: 'waiting' })
  t.same(
    script.texts().filter(words => ['two', 'three'].includes(words)),
    []
  )
  t.match((await ask('/audit?limit=2')).json.items, [
    { action: 'messages.cancelled', actor: 'console', details: { filter: { contact: '1' }, waiting: 2 } },
    { action: 'messages.cancelled', details: { ids: [two, 999_999] } }
  ])
})

t.test('a message that may have left, is in hand or in a lot is left alone, and counted so', async t => {
  const answer = Promise.withResolvers<void>()
  const { cancel, change, db, plugin, post, tried } = await build(t, async message => {
    if (message.content?.text === 'held') await answer.promise
    return message.content?.text === 'held' ? taken(message) : busy()
  })
  const [held = ''] = await post('1', 'held')
  for (const [contact, words] of [
    ['2', 'doubt'],
    ['3', 'parts'],
    ['4', 'lot'],
    ['5', 'plain']
  ] as const) {
    const [id = ''] = await post(contact, words)
    await tried(id)
  }
  await change(sql`doubt = 'channel' where body ->> 'contact' = '2'`)
  await change(sql`in_parts = true where body ->> 'contact' = '3'`)
  await change(sql`state = 'gathered' where body ->> 'contact' = '4'`)
  const left = { inHand: 1, inLots: 1, mayHaveLeft: 2, more: false }
  t.match((await cancel({ filter: {}, dryRun: true })).json, { cancelled: 1, ...left })
  t.match((await cancel({ filter: {} })).json, { cancelled: 1, ...left })
  t.equal(await db.$count(messages, sql`state = 'failed'`), 1)
  answer.resolve()
  await until('the one in hand to be taken', async () => (await db.$count(messages, sql`state = 'accepted'`)) === 1)
  t.same(plugin.statuses(held), [])
})

t.test('a message that an earlier attempt may have sent says so when it is cancelled', async t => {
  const { cancel, change, post, row, tried } = await build(t)
  const [one = '', two = ''] = [...(await post('1', 'one')), ...(await post('2', 'two'))]
  await tried(one)
  await tried(two)
  const unknown = JSON.stringify([{ kind: 'attempt', outcome: 'unknown' }])
  const replayed = JSON.stringify([{ kind: 'attempt', outcome: 'unknown' }, { kind: 'replayed' }])
  await change(sql`story = ${unknown}::jsonb where crm_id = ${one}`)
  await change(sql`story = ${replayed}::jsonb where crm_id = ${two}`)
  t.match((await cancel({ filter: {} })).json, { cancelled: 2 })
  t.match(await row(one), { reason: 'uncertain: it may have been sent (cancelled)', doubt: 'channel' })
  t.match(await row(two), { reason: 'cancelled', doubt: null })
})

t.test('a cancellation of many, while hosts send and messages come, ends each message once', async t => {
  const { cancel, channels, db, gateway, host, plugin, post, tried } = await build(t)
  const { CONSOLE_TOKEN, DATABASE_URL } = host.environment
  await testHost(t, { channels, env: { CONSOLE_TOKEN, DATABASE_URL, LV_PLUGIN_SELF_URI: host.url } })
  const [first = ''] = await post('1', 'first')
  await tried(first)
  await Promise.all(Array.from({ length: 300 }, (_, n) => post(String(n % 40), `text ${n}`)))
  const sent = new Set<string>()
  gateway.send = async message => {
    sent.add(message.id)
    return taken(message)
  }
  await db.execute(sql`update messages set due_at = now()`)
  await db.execute(sql`update conversations set sending_due = now() where sending_due is not null`)
  const [one, two] = await Promise.all([cancel({ filter: {} }), cancel({ filter: {} }), post('7', 'more')])
  t.same([one.status, two.status], [200, 200])
  await until('all to end', async () => (await db.$count(messages, sql`settled_at is null`)) === 0)
  const rows = await db.select().from(messages)
  const failed = rows.filter(({ state }) => state === 'failed')
  const cancelled = [one, two].reduce((sum, { json }) => sum + (json as unknown as { cancelled: number }).cancelled, 0)
  t.equal(failed.length, cancelled)
  t.equal(rows.filter(({ state }) => state === 'accepted').length, sent.size)
  await until('the CRM to hear', async () => failed.every(({ crmId }) => plugin.statuses(crmId ?? '').length > 0))
  t.ok(failed.every(({ crmId }) => plugin.statuses(crmId ?? '').join() === 'error'))
})

t.test('messages of an API client are cancelled by their tag or expire, and the CRM hears nothing of them', async t => {
  const { ask, cancel, crm, db, script } = await build(t)
  t.equal((await ask('/registrations/1/pause', { body: { reason: 'to be called off' } })).status, 200)
  const soon = new Date(Date.now() + 2_000).toISOString()
  const tomorrow = new Date(Date.now() + 86_400_000).toISOString()
  const item = (id: string, more: object) => ({ id, contact: `contact ${id}`, text: `text ${id}`, ...more })
  const items = [
    item('a', { tag: 'may' }),
    item('b', { tag: 'may', class: 'normal' }),
    item('c', { tag: 'may', notBefore: tomorrow }),
    item('d', { tag: 'june' }),
    item('e', { tag: 'june', expiresAt: soon })
  ]
  const { json } = await ask('/registrations/1/messages', { body: { items } })
  t.match(json.results, Array(5).fill({ result: 'accepted' }))

  t.match((await cancel({ filter: { tag: 'may', class: 'bulk' } })).json, { cancelled: 2 })
  t.match((await cancel({ filter: { tag: 'may' } })).json, { cancelled: 1 })
  await until('one to expire', async () => (await db.$count(messages, sql`reason = 'expired'`)) === 1)
  t.match((await ask('/messages?q=e')).json.items, [
    { clientId: 'e', state: 'failed', reason: 'expired', expiresAt: soon }
  ])
  const { rows } = await db.execute(sql`select contact from conversations where sending_due is not null`)
  t.match(rows, [{ contact: 'contact d' }], 'nothing else is in line')
  t.same(script.texts(), [])
  t.same(
    crm.events.filter(({ type }) => type === 'status'),
    []
  )
})

t.test(
  'messages of another registration are neither counted nor cancelled, and a wrong request is refused',
  async t => {
    const { cancel, db, post, token } = await build(t)
    await post('1', 'one')
    const [row] = await db.select().from(messages)
    const stranger = await token({ scopes: ['operate'], registrationId: 2 })
    const none = { cancelled: 0, inHand: 0, inLots: 0, mayHaveLeft: 0 }
    t.match((await cancel({ filter: {} }, stranger)).json, none)
    t.match((await cancel({ ids: [row?.id] }, stranger)).json, none)
    t.equal((await cancel({ filter: { registration: 1 } }, stranger)).status, 403)
    t.equal((await cancel({ filter: {} }, await token())).status, 403)
    for (const body of [
      {},
      { ids: [1], filter: {} },
      { ids: [] },
      { filter: { state: 'failed' } },
      { filter: { q: '' } }
    ])
      t.equal((await cancel(body)).status, 400, JSON.stringify(body))
    t.equal(await db.$count(messages, sql`state <> 'failed'`), 1)
  }
)

t.test(
  'messages that were not begun by their time expire once, with two hosts, by the clock of the database',
  async t => {
    const { change, channels, db, host, post, tried } = await build(t)
    const { CONSOLE_TOKEN, DATABASE_URL } = host.environment
    const late = () => new Date(Date.now() - 3_600_000)
    await testHost(t, { channels, now: late, env: { CONSOLE_TOKEN, DATABASE_URL, LV_PLUGIN_SELF_URI: host.url } })
    const [first = '', second = ''] = await post('1', 'first', 'second')
    const [doubtful = '', later = ''] = [...(await post('2', 'doubtful')), ...(await post('3', 'later'))]
    for (const id of [first, doubtful, later]) await tried(id)
    await change(sql`doubt = 'channel' where crm_id = ${doubtful}`)
    await change(sql`expires_at = now() + interval '1 hour' where crm_id = ${later}`)
    await change(sql`expires_at = now() - interval '1 second' where crm_id <> ${later}`)
    await until('both to expire', async () => (await db.$count(messages, sql`state = 'failed'`)) === 2)
    // Not that the CRM hears of it: the host whose clock is late tells it an hour later.
    const told = await db.$count(outbox, sql`kind = 'status' and body ->> 'id' in (${first}, ${second})`)
    t.equal(told, 2, 'the CRM is to be told of each')
    const rows = await db.select().from(messages).orderBy(messages.id)
    t.match(
      rows.map(({ state, reason }) => [state, reason]),
      [
        ['failed', 'expired'],
        ['failed', 'expired'],
        ['waiting', 'busy'],
        ['waiting', 'busy']
      ]
    )
    const ends = rows.map(({ story }) => story.filter(({ kind }) => kind === 'ended').length)
    t.same(ends, [1, 1, 0, 0])
  }
)
