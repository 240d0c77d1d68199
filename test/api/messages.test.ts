import { sql as drizzle } from 'drizzle-orm'
import t from 'tap'
import { listMessages } from '../../src/messages/queries.ts'
import { until } from '../harness.ts'
import { apiHost } from './ask.ts'

const { host, ask, token, crm } = await apiHost(t)
const [plugin, other] = [await crm.register(host.url), await crm.register(host.url)]
const { sql } = host.database
const rows = await sql`select id from registrations order by id`
const [first = 0, second = 0] = rows.map(({ id }) => Number(id))

async function sent(by: typeof plugin, contact: string, text = 'hello') {
  const content = { text, format: 'text' as const }
  const { message } = await by.send({ contact, subject: 'Order 5', content, attachments: [] })
  await until('it to be read', async () => by.statuses(message.id).includes('read'))
  const [row] = await sql`select id, ref from messages where crm_id = ${message.id}`
  return { crmId: message.id, id: Number(row?.id), ref: row?.ref as string }
}

const idsOf = ({ json }: { json: { items: { id: number }[] } }) => json.items.map(({ id }) => id)

const one = await sent(plugin, '+55 11 91234-5678')
const two = await sent(plugin, 'someone else')
const theirs = await sent(other, '+55 11 91234-5678')

t.test('a message is found by its contact, by the id of the CRM and by that of the gateway', async t => {
  const find = async (q: string, more = '') => idsOf(await ask(`/messages?q=${encodeURIComponent(q)}${more}`))
  t.same(await find('+55 11 91234-5678'), [theirs.id, one.id])
  t.same(await find('+55 11 91234-5678', `&registration=${first}`), [one.id])
  t.same(await find(two.crmId), [two.id])
  t.same(await find(two.ref), [two.id])
  t.same(await find("' or true --"), [])
})

t.test('a search is narrowed by state, reason and time, and goes on by its cursor', async t => {
  await sql`update messages set state = 'failed', reason = 'Template PAUSED by Meta' where id = ${two.id}`
  t.same(idsOf(await ask('/messages?state=failed')), [two.id])
  t.same(idsOf(await ask('/messages?reason=paused%20by')), [two.id])
  t.same(idsOf(await ask(`/messages?until=${encodeURIComponent(new Date(0).toISOString())}`)), [])
  const page = await ask('/messages?limit=2')
  t.same(idsOf(page), [theirs.id, two.id])
  t.same(idsOf(await ask(`/messages?limit=2&cursor=${page.json.next}`)), [one.id])
})

t.test('a message of an API client is found by its id there, its tag and its lane, and shows them', async t => {
  const [before, after] = ['2030-01-01T00:00:00.000Z', '2030-01-02T00:00:00.000Z']
  await sql`
    update messages set client = 'shop', client_id = 'order 7', tag = 'may', bulk = true, not_before = ${before}, expires_at = ${after}
    where id = ${two.id}`
  await sql`update messages set client = 'bot', client_id = 'order 7' where id = ${theirs.id}`
  t.same(idsOf(await ask('/messages?q=order%207')), [theirs.id, two.id])
  t.same(idsOf(await ask(`/messages?q=order%207&registration=${first}`)), [two.id])
  t.same(idsOf(await ask('/messages?q=order')), [])
  for (const query of ['tag=may', `tag=may&registration=${first}`, 'class=bulk', 'contact=someone%20else'])
    t.same(idsOf(await ask(`/messages?${query}`)), [two.id], query)
  for (const query of ['tag=ma', `tag=may&registration=${second}`, 'tag=may&class=normal'])
    t.same(idsOf(await ask(`/messages?${query}`)), [], query)
  t.equal((await ask('/messages?class=fast')).status, 400)
  const [shop, other] = [(await ask('/messages?tag=may')).json.items[0], (await ask(`/messages/${one.id}`)).json]
  t.match(shop, { client: 'shop', clientId: 'order 7', tag: 'may', class: 'bulk', notBefore: before, expiresAt: after })
  t.match(other, { client: null, clientId: null, tag: null, class: 'normal', notBefore: null, expiresAt: null })
})

t.test('a search of a client id or a tag reads no whole table of messages', async t => {
  const plans: string[] = []
  for (const wanted of [{ q: 'order 7' }, { tag: 'may' }])
    await host.database.db.transaction(async tx => {
      await tx.execute(drizzle.raw('set local enable_seqscan = off'))
      const query = listMessages({ db: tx }, wanted, { limit: 50 }).getSQL()
      const { rows } = await tx.execute<Record<'QUERY PLAN', string>>(drizzle`explain ${query}`)
      plans.push(rows.map(row => row['QUERY PLAN']).join('\n'))
    })
  t.match(plans[0], /messages_client_id/)
  t.match(plans[1], /messages_tag/)
  for (const plan of plans) t.notMatch(plan, /Seq Scan on messages/)
})

t.test('a message shows its text and its whole story, what the CRM was told included', async t => {
  const { status, json } = await ask(`/messages/${one.id}`)
  t.equal(status, 200)
  t.match(json, { id: one.id, registration: first, subject: 'Order 5', content: { text: 'hello' }, ref: one.ref })
  const kinds = json.story.map(({ kind }) => kind)
  t.equal(kinds[0], 'accepted')
  t.ok(kinds.includes('attempt') && kinds.includes('status') && kinds.includes('crm'))
  const times = json.story.map(({ at }) => at).slice(1)
  t.same(times, times.toSorted())
})

t.test('a message of another registration is refused by 403, and one that there is not by 404', async t => {
  const own = await token({ registrationId: second })
  t.equal((await ask(`/messages/${one.id}`, { token: own })).status, 403)
  t.same(idsOf(await ask('/messages', { token: own })), [theirs.id])
  t.equal((await ask('/messages/999999999')).status, 404)
})

t.test('the outbox lists what the CRM was told, and replays what it did not take', async t => {
  const { json } = await ask(`/outbox?registration=${first}&limit=1000`)
  t.ok(json.items.length >= 6)
  const item = json.items.find(({ kind }) => kind === 'status')
  if (!item) throw new Error('no item is about a status')
  t.match(item, { registration: first, body: { status: 'read' }, state: 'delivered' })
  await sql`update outbox set state = 'parked' where id = ${item.id}`
  const body = { ids: [item.id] }
  const stranger = await token({ registrationId: second, scopes: ['operate'] })
  t.same((await ask('/outbox/replay', { token: stranger, body })).json, { dryRun: false, asked: 1, replayed: 0 })
  t.same((await ask('/outbox/replay', { body: { ...body, dryRun: true } })).json, {
    dryRun: true,
    asked: 1,
    replayed: 1
  })
  t.same((await ask('/outbox/replay', { body })).json, { dryRun: false, asked: 1, replayed: 1 })
  await until('the CRM to take it', async () => {
    const [row] = await sql`select state from outbox where id = ${item.id}`
    return row?.state === 'delivered'
  })
  t.match((await ask('/audit?limit=1')).json.items, [{ action: 'outbox.replayed', details: { ids: [item.id] } }])
})
