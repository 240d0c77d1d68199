import type { GatewayEvent } from 'channel-kit/event'
import t from 'tap'
import { reportTo, wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'
import { scripted, taken } from '../scripted-channel.ts'
import { apiHost } from './ask.ts'

const script = scripted(taken, {
  templates: { list: async () => [] },
  markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl },
  webhook: {
    bodyLimit: 1_000_000,
    verify: async () => ({ kind: 'genuine' }),
    receive: async ({ body }) => ({ reply: { status: 200 }, events: JSON.parse(body.toString()) as GatewayEvent[] })
  }
})
const { host, ask, token, crm } = await apiHost(t, { channels: [{ channel: script.channel, path: '/' }] })
const plugin = await crm.register(host.url)
const { webhook } = await (async () => {
  const { json } = await plugin.markdownPreview('webhook')
  return { webhook: (json as { markdown: string }).markdown }
})()
const client = await token({ name: 'campaigns', scopes: ['send', 'bulk'] })

const post = (items: object[]) => ask('/registrations/1/messages', { body: { items }, token: client })
const sent = (contact: string, count = 1) =>
  until(`${count} messages to ${contact}`, async () => {
    const { count: found } = (
      await host.database.sql`
      select count(*)::int count from messages m join conversations c on c.id = m.conversation_id
      where c.contact = ${contact} and m.state = 'accepted'`
    )[0] as { count: number }
    return found >= count
  })
const lines = (contact: string) =>
  crm.events.flatMap(event =>
    event.type === 'incoming' && event.contact === contact ? [event.message.content?.text ?? ''] : []
  )
const heard = (contact: string, count: number) =>
  until(`${count} lines of ${contact}`, async () => lines(contact).length >= count && lines(contact))

t.test("the CRM hears of what a client sent with the customer's answer, before it, and once", async t => {
  const contact = 'answers'
  await post([
    { id: 'one', contact, text: 'Hello?' },
    { id: 'two', contact, template: { name: 'offer', parameters: ['Eva', '5 %'] } },
    { id: 'three', contact, text: 'a secret', tellCrm: 'never' }
  ])
  await sent(contact, 3)
  await reportTo(webhook, [wrote('ref 1', contact, 'yes'), wrote('ref 2', contact, 'please')])
  t.same(await heard(contact, 4), ['[campaigns] Hello?', '[campaigns] /offer (Eva, 5 %)', 'yes', 'please'])
  await reportTo(webhook, [wrote('ref 3', contact, 'hello?'), wrote('message 1', contact, 'a ref like a name of ours')])
  t.same((await heard(contact, 6)).slice(4), ['hello?', 'a ref like a name of ours'])
})

t.test('the CRM hears at once of what is always told, when the gateway has it', async t => {
  await post([{ id: 'now', contact: 'at once', text: 'Hello?', tellCrm: 'always', class: 'normal' }])
  t.same(await heard('at once', 1), ['[campaigns] Hello?'])
  await reportTo(webhook, [wrote('ref 4', 'at once', 'yes')])
  t.same(await heard('at once', 2), ['[campaigns] Hello?', 'yes'])
})

t.test('a note of a client comes into the chat of the CRM and is not sent', async t => {
  const contact = 'a/b +5'
  const path = `/registrations/1/conversations/${encodeURIComponent(contact)}/notes`
  const note = (asked: object) => ask(path, { body: { text: 'calls back' }, token: client, ...asked })
  t.equal((await note({})).status, 404)
  await reportTo(webhook, [wrote('ref 5', contact, 'hi')])
  const before = script.handed.length
  t.match(await note({}), { status: 200, json: { contact, text: '[campaigns] calls back' } })
  t.same(await heard(contact, 2), ['hi', '[campaigns] calls back'])
  t.equal(script.handed.length, before)

  t.equal((await note({ token: await token({ scopes: ['read', 'bulk'] }) })).status, 403)
  t.equal((await note({ body: { text: 'x'.repeat(100_000) } })).status, 400)
  t.equal((await note({ body: { text: '' } })).status, 400)
  t.equal((await ask('/registrations/99/conversations/x/notes', { body: { text: 'x' }, token: client })).status, 404)
})

t.test('a message that the gateway repeats answers nothing, so the CRM hears of no item by it', async t => {
  const contact = 'repeats'
  await reportTo(webhook, [wrote('ref 6', contact, 'hi')])
  await heard(contact, 1)
  await post([{ id: 'after', contact, text: 'Hello?' }])
  await sent(contact)
  await reportTo(webhook, [wrote('ref 6', contact, 'hi')])
  const [row] = await host.database.sql`select tell_crm from messages where client_id = 'after'`
  t.equal(row?.tell_crm, 'whenAnswered')
  await reportTo(webhook, [wrote('ref 6', contact, 'hi'), wrote('ref 7', contact, 'yes')])
  t.same(await heard(contact, 3), ['hi', '[campaigns] Hello?', 'yes'])
})

t.test('the CRM hears nothing of an item that its gateway took and failed', async t => {
  const contact = 'failed'
  await post([
    { id: 'bad', contact, text: 'bad' },
    { id: 'good', contact, text: 'good' }
  ])
  await sent(contact, 2)
  const [row] = await host.database.sql`select ref from messages where client_id = 'bad'`
  await reportTo(webhook, [{ kind: 'status', ref: row?.ref, status: 'error' }])
  await reportTo(webhook, [wrote('ref 8', contact, 'hm')])
  t.same(await heard(contact, 2), ['[campaigns] good', 'hm'])
})

t.test('a long item is told whole, in lines that the CRM takes, and markup of a template is text in HTML', async t => {
  const contact = 'long'
  const words = 'x'.repeat(65_536)
  await post([{ id: 'long', contact, text: words }])
  await post([
    { id: 'html', contact, text: '<b>Hi</b>', format: 'html', template: { name: 'a<b', parameters: ['<i>&'] } }
  ])
  await sent(contact, 2)
  await reportTo(webhook, [wrote('ref 9', contact, 'yes')])
  const [first = '', second = '', third] = await heard(contact, 4)
  t.equal(`${first}${second}`, `[campaigns] ${words}`)
  t.ok(first.length <= 65_536)
  t.equal(third, '[campaigns] /a&lt;b (&lt;i&gt;&amp;)\n<b>Hi</b>')
})
