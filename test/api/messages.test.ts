import t from 'tap'
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
