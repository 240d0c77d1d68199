import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { sql } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { placeEvents } from '../../src/events/feed.ts'
import { writeEvents } from '../../src/events/write.ts'
import { eventWebhooks } from '../../src/postgres/schema/event-webhooks.ts'
import { rotateSecrets } from '../../src/secrets/rotate.ts'
import { openSecrets } from '../../src/secrets/secrets.ts'
import { TEST_KEYS, testFolder, until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { type Pushed, startReceiver } from '../webhook-push/receiver.ts'
import { apiHost } from './ask.ts'

/** Webhooks of API clients, by the API and as they arrive. */

interface Hook {
  id: number
  secret: string
  state: string
  position: string
  waiting: number
}

type Verify = (secret: string, headers: Pushed['headers'], body: string) => { type: string; data: unknown }

t.test('what happens is pushed as the feed tells it, signed so that docs/api.md verifies it', async t => {
  const { ask, crm, host, make } = await build(t, { LV_PLUGIN_CHANNELS: 'echo=/' })
  const receiver = await startReceiver(t)
  const { secret } = await make({ url: receiver.url })
  const plugin = await crm.register(host.url)
  const { message } = await plugin.send(text('anna', 'hello'))
  await until('the answer of echo', async () => receiver.pushed.some(({ data }) => data.type === 'message.received'))
  await until('the last status', async () => receiver.pushed.some(({ data }) => data.status === 'read'))
  t.ok(message.id)

  const verify = await documented(t)
  const told = receiver.pushed.map(({ headers, text: body }) => verify(secret, headers, body))
  const { events } = (await ask('/events')).json as unknown as { events: { id: string; type: string }[] }
  t.same(
    told.map(({ data }) => data).toSorted((one, other) => idOf(one) - idOf(other)),
    events.filter(({ id }) => receiver.pushed.some(({ data }) => data.id === id))
  )
  t.equal(new Set(receiver.pushed.map(({ headers }) => headers['webhook-id'])).size, receiver.pushed.length)
  const [first] = receiver.pushed
  const { headers = {}, text: body = '' } = first ?? {}
  for (const [wrong, given, changed] of [
    ['its body', headers, `${body} `],
    ['its id', { ...headers, 'webhook-id': 'evt_1_2' }, body],
    ['its time', { ...headers, 'webhook-timestamp': '1' }, body],
    ['no signature', { ...headers, 'webhook-signature': '' }, body]
  ] as const)
    t.throws(() => verify(secret, given, changed), wrong)
  t.throws(() => verify(`whsec_${Buffer.alloc(32).toString('base64')}`, headers, body))
})

t.test(
  'a webhook gets its types of its registration from its beginning on, and no more once it is removed',
  async t => {
    const { ask, make, write, one } = await build(t)
    await write(1, 'before')
    const receiver = await startReceiver(t)
    const { id } = await make({ url: receiver.url, types: ['contact.renamed'], registration: 1, note: 'for the CRM' })
    await write(2, 'of another')
    await write(1, 'the first')
    await until('the first', async () => receiver.pushed.length === 1)
    t.equal(receiver.pushed[0]?.data.text, 'the first')
    await until('its place', async () => (await one(id)).position === '3')
    t.match(await one(id), {
      state: 'active',
      waiting: 0,
      registration: 1,
      note: 'for the CRM',
      lastStatus: 204,
      missed: 0
    })
    t.match(await ask(`/webhooks/${id}`, { method: 'DELETE' }), { status: 200, json: { id } })
    t.equal((await ask(`/webhooks/${id}`)).status, 404)

    const next = await startReceiver(t)
    await make({ url: next.url })
    await write(1, 'the second')
    await until('the second', async () => next.pushed.length === 1)
    t.equal(receiver.pushed.length, 1)
  }
)

t.test('a receiver that does not answer holds up no other', async t => {
  const { make, write } = await build(t)
  const [silent, other] = [await startReceiver(t, () => () => {}), await startReceiver(t)]
  await make({ url: silent.url })
  await make({ url: other.url })
  for (let contact = 1; contact <= 20; contact += 1) await write(1, 'hello', contact)
  await until('all at the other', async () => other.pushed.length === 20)
  await until('some at the silent one', async () => silent.pushed.length > 0)
  t.ok(silent.pushed.length <= 8)
})

t.test(
  'a webhook that failed is tried at once when it is enabled, and one that is disabled goes on where it was',
  async t => {
    const { ask, db, make, write, one } = await build(t)
    let status = 410
    const receiver = await startReceiver(t, () => status)
    const { id } = await make({ url: receiver.url })
    const enable = () => ask(`/webhooks/${id}/enable`, { method: 'POST' })
    await write(1, 'one')
    await until('the end', async () => (await one(id)).state === 'disabled')
    t.match(await one(id), { disabledReason: 'it answered 410: it is gone', waiting: 2, position: '0' })
    status = 500
    await enable()
    await until('a failure', async () => (await one(id)).state === 'failing')
    t.match(await one(id), { failures: 1, lastStatus: 500, lastError: 'it answered 500', nextAttemptAt: /Z$/ })
    status = 200
    const before = receiver.pushed.length
    await db.execute(sql`update event_webhooks set due_at = now() + interval '1 hour'`)
    t.match(await enable(), { status: 200, json: { state: 'active', nextAttemptAt: null } })
    await until('all', async () => (await one(id)).waiting === 0)
    t.same(
      receiver.pushed.slice(before).map(({ data }) => [data.type, data.text, data.webhook]),
      [
        ['contact.renamed', 'one', undefined],
        ['webhook.disabled', undefined, id]
      ]
    )
  }
)

t.test('a replay sends again what has happened since, under the same ids; a later time leaves out', async t => {
  const { ask, db, make, write, one } = await build(t)
  let status = 200
  const receiver = await startReceiver(t, () => status)
  const { id } = await make({ url: receiver.url })
  for (const words of ['one', 'two', 'three']) await write(1, words)
  await until('three', async () => receiver.pushed.length === 3)
  await until('its place', async () => (await one(id)).position === '3')
  await db.execute(sql`update events set at = now() - make_interval(hours => 4 - position::int)`)
  const replay = (since: Date) => ask(`/webhooks/${id}/replay`, { body: { since: since.toISOString() } })
  const hoursAgo = (hours: number) => new Date(Date.now() - hours * 3_600_000)
  t.match(await replay(hoursAgo(2.5)), { status: 200, json: { position: '1' } })
  await until('two again', async () => receiver.pushed.length === 5)
  const idsOf = (from: number, to: number) =>
    receiver.pushed.slice(from, to).map(({ headers }) => headers['webhook-id'])
  t.same(idsOf(3, 5), idsOf(1, 3))
  await replay(hoursAgo(300))
  await until('all again', async () => receiver.pushed.length === 8)
  t.same(idsOf(5, 8), idsOf(0, 3))

  status = 500
  await write(1, 'four')
  await until('a failure', async () => (await one(id)).state === 'failing')
  await replay(new Date())
  t.match(await one(id), { waiting: 0, position: '4' })
  for (const since of [new Date(Date.now() + 60_000).toISOString(), 'yesterday'])
    t.equal((await ask(`/webhooks/${id}/replay`, { body: { since } })).status, 400)
})

t.test('a replay while events are on their way begins anew, and nothing is left out', async t => {
  const { ask, make, write, one } = await build(t)
  const gate = Promise.withResolvers<number>()
  const receiver = await startReceiver(t, (_, count) => (count === 2 ? gate.promise : 200))
  const { id } = await make({ url: receiver.url })
  const since = new Date(Date.now() - 60_000).toISOString()
  await write(1, 'one')
  await until('its place', async () => (await one(id)).position === '1')
  await write(1, 'two')
  await write(1, 'three')
  await until('the second', async () => receiver.pushed.length === 2)
  t.match(await ask(`/webhooks/${id}/replay`, { body: { since } }), { status: 200, json: { position: '0' } })
  gate.resolve(200)
  await until('all', async () => (await one(id)).waiting === 0)
  t.same(
    receiver.pushed.slice(-3).map(({ data }) => data.text),
    ['one', 'two', 'three']
  )
})

t.test('a secret that is replaced signs beside the new one for a day; both are sealed, and sealed anew', async t => {
  const { ask, db, make, write, host } = await build(t)
  const receiver = await startReceiver(t)
  const { id, secret } = await make({ url: receiver.url })
  const { json } = await ask(`/webhooks/${id}/secret`, { method: 'POST' })
  const { secret: next } = json as unknown as Hook
  t.not(next, secret)
  const verify = await documented(t)
  const pushed = async (words: string) => {
    await write(1, words)
    return until(words, async () => receiver.pushed.find(({ data }) => data.text === words))
  }
  const both = await pushed('both')
  for (const one of [secret, next]) t.match(verify(one, both.headers, both.text), { data: { text: 'both' } })
  t.notMatch(JSON.stringify(await db.select().from(eventWebhooks)), /whsec/)
  t.notMatch(JSON.stringify((await ask('/webhooks')).json), /whsec|"secret"/)
  t.notMatch(JSON.stringify((await ask('/audit')).json), /whsec/)

  const key = `next:${Buffer.alloc(32, 8).toString('base64')}`
  await rotateSecrets(host.database, openSecrets(`${key},${TEST_KEYS}`), () => {})
  const [row] = await db.select().from(eventWebhooks)
  t.same(await Promise.all([row?.secret, row?.oldSecret].map(one => openSecrets(key).open(one ?? ''))), [next, secret])
  await rotateSecrets(host.database, openSecrets(`${TEST_KEYS},${key}`), () => {})

  await db.execute(sql`update event_webhooks set old_secret_until = now() - interval '1 second', version = version + 1`)
  await until('one signature', async () => {
    const { headers } = await pushed(`one ${receiver.pushed.length}`)
    return headers['webhook-signature']?.includes(' ') === false
  })
  const last = receiver.pushed.at(-1) as Pushed
  t.match(verify(next, last.headers, last.text), { data: { type: 'contact.renamed' } })
  t.throws(() => verify(secret, last.headers, last.text))
})

t.test('an address that the host would not call is refused, and why', async t => {
  const { ask } = await build(t, { LV_PLUGIN_ROLES: 'web' })
  for (const [url, why] of Object.entries({
    'https://10.0.0.1/': /10.0.0.1 is in a private network, which OUTBOUND_ALLOW does not list/,
    'https://[::1]/': /private network/,
    'https://169.254.169.254/latest': /private network/,
    'https://nobody.invalid/': /nobody.invalid has no address/,
    'http://1.1.1.1/': /has to be https/,
    'ftp://1.1.1.1/': /does not begin with https/,
    'https://me:secret@1.1.1.1/': /a name or a password/,
    'https://1.1.1.1/#top': /a # in it/,
    '/hook': /not an absolute address/
  }))
    t.match(await ask('/webhooks', { body: { url } }), { status: 400, json: { message: why } }, url)
  const long = `https://1.1.1.1/${'x'.repeat(2_000)}`
  for (const body of [{}, { url: 7 }, { url: long }, { url: 'https://1.1.1.1/', types: [] }])
    t.equal((await ask('/webhooks', { body })).status, 400)
  for (const body of [{ types: ['message'] }, { types: ['contact.renamed', 'contact.renamed'] }, { secret: 'mine' }])
    t.equal((await ask('/webhooks', { body: { url: 'https://1.1.1.1/', ...body } })).status, 400)
  t.equal((await ask('/webhooks', { body: { url: 'https://1.1.1.1/' } })).status, 200)
  t.equal((await ask('/webhooks', { body: { url: 'http://127.0.0.1:9/' } })).status, 200)
})

t.test('webhooks are for their registration, and only so many; every change is in the audit', async t => {
  const { ask, token, make, one } = await build(t, { LV_PLUGIN_ROLES: 'web' })
  const url = 'https://1.1.1.1/in?key=hidden'
  const [own, stranger, reader] = [
    await token({ scopes: ['events'], registrationId: 1 }),
    await token({ scopes: ['events'], registrationId: 2 }),
    await token({ scopes: ['read', 'operate'] })
  ]
  const all = await make({ url })
  const theirs = await make({ url }, own)
  t.match(theirs, { registration: 1, actor: /^token \d+ \(test\)$/ })
  for (const [id, by, status] of [
    [all.id, own, 403],
    [theirs.id, stranger, 403],
    [theirs.id, reader, 403]
  ] as const) {
    t.equal((await ask(`/webhooks/${id}`, { token: by })).status, status)
    t.equal((await ask(`/webhooks/${id}`, { token: by, method: 'DELETE' })).status, status)
    for (const verb of ['enable', 'secret'])
      t.equal((await ask(`/webhooks/${id}/${verb}`, { token: by, method: 'POST' })).status, status)
    const body = { since: new Date().toISOString() }
    t.equal((await ask(`/webhooks/${id}/replay`, { token: by, body })).status, status)
  }
  t.match((await ask('/webhooks', { token: own })).json.items, [{ id: theirs.id }])
  t.same((await ask('/webhooks', { token: stranger })).json.items, [])
  t.equal((await ask('/webhooks', { token: reader })).status, 403)
  t.equal((await ask('/webhooks', { token: stranger, body: { url, registration: 1 } })).status, 403)
  t.equal((await ask('/webhooks', { body: { url, registration: 99 } })).status, 404)
  t.equal((await ask('/webhooks/99')).status, 404)

  for (let number = 2; number <= 5; number += 1) await make({ url }, own)
  t.match(await ask('/webhooks', { token: own, body: { url } }), {
    status: 409,
    json: { message: /5 webhooks.*remove/ }
  })
  await make({ url }, stranger)
  t.match((await ask('/webhooks?registration=1&limit=2')).json, { items: { length: 2 }, next: /\d+/ })

  await ask(`/webhooks/${theirs.id}/enable`, { token: own, method: 'POST' })
  await ask(`/webhooks/${theirs.id}/secret`, { token: own, method: 'POST' })
  await ask(`/webhooks/${theirs.id}/replay`, { token: own, body: { since: '2026-01-01T00:00:00Z' } })
  await ask(`/webhooks/${theirs.id}`, { token: own, method: 'DELETE' })
  const { items } = (await ask('/audit?registration=1')).json
  t.match(
    items.slice(0, 4).map(({ action }) => action),
    ['webhook.removed', 'webhook.rewound', 'webhook.secret_replaced', 'webhook.enabled']
  )
  t.match(items[1], { details: { webhook: theirs.id, origin: 'https://1.1.1.1', since: '2026-01-01T00:00:00.000Z' } })
  t.notMatch(JSON.stringify(items), /hidden/)
  t.match(await one(all.id), { state: 'active' })
})

t.test('a registration that is removed takes its webhooks with it, and one that is archived keeps them', async t => {
  const { ask, db, make, write } = await build(t)
  const receiver = await startReceiver(t)
  await make({ url: receiver.url, registration: 1 })
  await db.execute(sql`update registrations set archived_at = now()`)
  await write(1, 'archived')
  await until('an event', async () => receiver.pushed.length === 1)
  await db.execute(sql`delete from registrations where id = 1`)
  t.same((await ask('/webhooks')).json.items, [])
})

t.test('a host has at most 200 webhooks', async t => {
  const { ask, db } = await build(t, { LV_PLUGIN_ROLES: 'web' })
  await db.execute(sql`
    insert into event_webhooks (url, actor, secret, position) select 'https://1.1.1.1/', 'test', '', 0 from generate_series(1, 200)`)
  t.match(await ask('/webhooks', { body: { url: 'https://1.1.1.1/' } }), {
    status: 409,
    json: { message: /^There are 200 webhooks already/ }
  })
})

t.test('a host that writes no events has none to push', async t => {
  const { ask } = await build(t, { LV_PLUGIN_EVENTS: '0' })
  t.match(await ask('/webhooks', { body: { url: 'https://1.1.1.1/' } }), {
    status: 409,
    json: { message: /LV_PLUGIN_EVENTS/ }
  })
})

const idOf = (data: unknown) => Number((data as { id: string }).id)

/** The function of docs/api.md. */
async function documented(t: Test): Promise<Verify> {
  const page = await readFile(new URL('../../docs/api.md', import.meta.url), 'utf8')
  const file = join(await testFolder(t), 'verify.mjs')
  await writeFile(file, /```js\n([\s\S]*?)```/.exec(page)?.[1] ?? '')
  return ((await import(pathToFileURL(file).href)) as { verify: Verify }).verify
}

/** A host with two registrations and an empty feed. */
async function build(t: Test, env: NodeJS.ProcessEnv = {}) {
  const api = await apiHost(t, { env: { LV_PLUGIN_QUOTA_API: '1000', ...env } })
  const { ask, host } = api
  const { db } = host.database
  const sealed = await openSecrets(TEST_KEYS).seal('nothing')
  if (!env.LV_PLUGIN_CHANNELS)
    await db.execute(sql`
      insert into registrations (channel, company_id, alias, plugin_id, cluster_uri, country, currency, hpt, webhook_token, webhook_hash)
      select 'echo', '1', 'a', n::text, 'http://127.0.0.1/', 'BR', 'BRL', ${sealed}, ${sealed}, n::text from generate_series(1, 2) n`)
  return {
    ...api,
    db,
    make: async (body: object, by?: string) => {
      const { status, json } = await ask('/webhooks', { body, ...(by ? { token: by } : {}) })
      if (status !== 200) throw new Error(`${status}: ${JSON.stringify(json)}`)
      return json as unknown as Hook
    },
    one: async (id: number) => (await ask(`/webhooks/${id}`)).json as unknown as Hook,
    /** Writes an event of a conversation. */
    write: async (registrationId: number, words: string, conversationId = registrationId) => {
      await db.transaction(tx =>
        writeEvents(tx, [
          { registrationId, conversationId, type: 'contact.renamed', body: { from: 'a', to: 'b', text: words } }
        ])
      )
      await placeEvents(host.database)
    }
  }
}
