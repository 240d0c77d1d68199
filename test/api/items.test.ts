import t from 'tap'
import { until } from '../harness.ts'
import { scripted, taken, text } from '../scripted-channel.ts'
import { apiHost } from './ask.ts'

const script = scripted(taken, {
  templates: { list: async () => [] },
  refusal: async ({ contact }) => {
    if (contact === 'throws') throw new Error('a mistake')
    return contact === 'nobody' ? 'nobody is no contact' : undefined
  }
})
const { host, ask, token, crm } = await apiHost(t, { channels: [{ channel: script.channel, path: '/' }] })
const plugin = await crm.register(host.url)
await crm.register(host.url)
const { sql } = host.database
const [first = 0, second = 0] = (await sql`select id from registrations order by id`).map(({ id }) => Number(id))
const client = await token({ name: 'campaigns', scopes: ['read', 'send', 'bulk'] })

const SOMEDAY = new Date(Date.now() + 86_400_000).toISOString()

const post = (items: unknown, { by = client, to = first } = {}) =>
  ask(`/registrations/${to}/messages`, { body: { items }, token: by })
const resultsOf = async (items: unknown, how = {}) => (await post(items, how)).json.results
const item = (id: string, more = {}) => ({ id, contact: `contact of ${id}`, text: `text of ${id}`, ...more })
const handed = (words: string) => script.handed.filter(({ content }) => content?.text === words)
const sent = (words: string) => until(`"${words}" to be sent`, async () => handed(words).length > 0)

t.test('items are answered in the order given, each by itself: accepted, duplicate or invalid', async t => {
  const results = await resultsOf([
    item('a'),
    item('b', { contact: 'nobody' }),
    { id: 'c', contact: 'x' },
    item('a'),
    item('d', { text: ' ' }),
    item('e', { taag: 'x' }),
    'no item',
    item('f', { contact: 'throws' })
  ])
  t.match(results, [
    { id: 'a', result: 'accepted', messageId: Number },
    { id: 'b', result: 'invalid', reason: 'nobody is no contact' },
    { id: 'c', result: 'invalid', reason: /content/ },
    { id: 'a', result: 'duplicate', messageId: results[0]?.messageId },
    { id: 'd', result: 'invalid', reason: /empty/ },
    { id: 'e', result: 'invalid', reason: 'taag is not known' },
    { id: null, result: 'invalid' },
    { id: 'f', result: 'accepted' }
  ])
  await sent('text of a')
  await sent('text of f')
  t.equal(handed('text of a').length, 1)
})

t.test("an id is one client's in one registration: two tokens of one name share it, others have their own", async t => {
  const again = await token({ name: 'campaigns', scopes: ['bulk'] })
  const other = await token({ name: 'responder', scopes: ['bulk'] })
  const result = async (how: object) => (await resultsOf([item('own')], how))[0]?.result
  t.equal(await result({}), 'accepted')
  t.equal(await result({ by: again }), 'duplicate')
  t.equal(await result({ by: other }), 'accepted')
  t.equal(await result({ to: second }), 'accepted')
})

t.test('the same items posted many times at once are sent once', async t => {
  const items = Array.from({ length: 20 }, (_, index) => item(`once ${index}`))
  const all = await Promise.all(Array.from({ length: 10 }, () => resultsOf(items)))
  const accepted = all.flat().filter(({ result }) => result === 'accepted')
  t.equal(accepted.length, items.length)
  t.equal(new Set(all.flat().map(({ messageId }) => messageId)).size, items.length)
  await post([item('after them', { contact: items.at(-1)?.contact })])
  await sent('text of after them')
  for (const { text } of items) await sent(text)
  t.equal(script.texts().filter(words => words.startsWith('text of once')).length, items.length)
})

t.test('the same ids posted at once in other orders and to other contacts are each accepted once', async t => {
  const ids = Array.from({ length: 200 }, (_, index) => `order ${index}`)
  const orders = Array.from({ length: 12 }, (_, turn) => (turn % 2 === 0 ? ids : ids.toReversed()))
  const answers = await Promise.all(
    orders.map((order, turn) => post(order.map(id => item(id, { contact: `${turn} ${id}`, notBefore: SOMEDAY }))))
  )
  t.same(new Set(answers.map(({ status }) => status)), new Set([200]))
  const accepted = answers.flatMap(({ json }) => json.results.filter(({ result }) => result === 'accepted'))
  t.equal(accepted.length, ids.length)
})

t.test('a token posts only to its registration and in the lanes of its scopes', async t => {
  const status = async (by: string, more = {}, to = first) => (await post([item('scopes', more)], { by, to })).status
  const [bulk, send, read] = [
    await token({ scopes: ['bulk'], registrationId: first }),
    await token({ scopes: ['send'] }),
    await token({ scopes: ['read', 'events', 'hold', 'suppress', 'operate'] })
  ]
  t.equal(await status(bulk, { class: 'normal' }), 403)
  t.equal(await status(bulk, {}, second), 403)
  t.equal(await status(send), 403)
  t.equal(await status(send, { class: 'normal' }), 200)
  t.equal(await status(read), 403)
  t.equal(await status(read, { class: 'normal' }), 403)
  t.equal(await status(client, {}, 999_999), 404)
})

t.test('a request beyond its bounds is refused whole, with a reason', async t => {
  const many = Array.from({ length: 1_001 }, (_, index) => item(`many ${index}`))
  t.match(await post(many), { status: 400, json: { code: 400, errors: { items: String } } })
  t.match(await post([]), { status: 400 })
  t.match(await post(Array.from({ length: 300 }, (_, index) => item(`long ${index}`, { text: 'x'.repeat(32_000) }))), {
    status: 413,
    json: { code: 413, message: String }
  })
  t.match(await ask(`/registrations/${first}/messages`, { body: '{"items":[', token: client }), { status: 400 })
})

t.test('a thousand items of the largest size are accepted whole, and others are answered meanwhile', async t => {
  const words = 'ж'.repeat(4_000)
  const items = Array.from({ length: 1_000 }, (_, n) => ({ id: `large ${n}`, contact: `contact ${n}`, text: words }))
  const large = ask(`/registrations/${first}/messages`, { body: { items } })
  t.equal((await ask('/registrations')).status, 200)
  t.equal((await large).json.results.filter(({ result }) => result === 'accepted').length, 1_000)
  const rows = await sql`
    select count(*)::int count, min(length(body -> 'content' ->> 'text')) shortest from messages where client_id like 'large %'`
  t.match([...rows], [{ count: 1_000, shortest: 4_000 }])
  const more = items.map(item => ({ ...item, text: `${words}${words}` }))
  t.equal((await ask(`/registrations/${first}/messages`, { body: { items: more } })).status, 413)
})

t.test('an item of hostile values is invalid, or stored as it is', async t => {
  const results = await resultsOf([
    item('hostile', { contact: "x'; drop table messages; --", text: '\u0000\ud800 {{ contact }}' }),
    item('nul', { contact: 'a\u0000b' }),
    item('tag', { tag: 'x'.repeat(101) }),
    item('class', { class: 'urgent' }),
    item('when', { notBefore: 'tomorrow' }),
    item('far', { notBefore: '2099-01-01T00:00:00Z' }),
    item('late', { expiresAt: '2020-01-01T00:00:00Z' }),
    item('turned', {
      notBefore: new Date(Date.now() + 7_200_000).toISOString(),
      expiresAt: new Date(Date.now() + 3_600_000).toISOString()
    }),
    item('files', { attachments: Array.from({ length: 200 }, () => ({ type: 'file', name: 'a', uri: 'b' })) })
  ])
  t.equal(results[0]?.result, 'accepted')
  for (const one of results.slice(1)) t.match(one, { result: 'invalid', reason: /./ }, `${one.id}: ${one.reason}`)
})

t.test('a template reaches the channel as a structure, its values to the letter', async t => {
  const template = { name: 'welcome', language: 'pt_BR', parameters: ['a | b', '/template other'] }
  const [result] = await resultsOf([{ id: 'template', contact: 'template', template }])
  t.equal(result?.result, 'accepted')
  const message = await until('it to be sent', async () => script.handed.find(({ contact }) => contact === 'template'))
  t.same(message.template, template)
  t.equal(message.content, null)
})

t.test('an item that is not to go before a time holds up nothing, and goes then', async t => {
  const contact = 'scheduled'
  const [soon] = (await sql`select now() + interval '1.5 seconds' as time`) as unknown as [{ time: Date }]
  await post([item('later', { contact, notBefore: soon.time.toISOString(), class: 'normal' })])
  await plugin.send(text(contact, 'at once'))
  await sent('at once')
  t.equal(handed('text of later').length, 0)
  await sent('text of later')
  const [row] = await sql`select now() >= ${soon.time} late from messages where client_id = 'later'`
  t.ok(row?.late)
})

t.test('a message of the CRM overtakes waiting bulk items of its contact, and nothing else', async t => {
  await ask(`/registrations/${first}/pause`, { body: { reason: 'test' } })
  const contact = 'both'
  await post([item('bulk 1', { contact }), item('bulk 2', { contact })])
  await plugin.send(text(contact, 'crm 1'))
  await post([item('normal', { contact, class: 'normal' })])
  await plugin.send(text(contact, 'crm 2'))
  await ask(`/registrations/${first}/resume`, { body: {} })
  await sent('text of bulk 2')
  t.same(
    script.handed.filter(one => one.contact === contact).map(({ content }) => content?.text),
    ['crm 1', 'text of normal', 'crm 2', 'text of bulk 1', 'text of bulk 2']
  )
})
