import mobiletech from 'channel-mobiletech'
import { startSimulator } from 'channel-mobiletech/simulator'
import { eq } from 'drizzle-orm'
import t, { type Test } from 'tap'
import { messages } from '../src/postgres/schema/messages.ts'
import { testCrm, testHost, until } from './harness.ts'

const [ORANGE, MOVED, O2] = ['+421905000002', '+421905000003', '+421940000003']

/** A CRM that registered the channel, and the gateway that its admin named. */
async function company(t: Test, settings: Readonly<Record<string, object>> = {}) {
  const gateway = await startSimulator()
  t.teardown(() => gateway.close())
  const crm = await testCrm(t)
  const host = await testHost(t, {
    channels: [{ channel: mobiletech }],
    env: { ...gateway.variables, LV_PLUGIN_CHAT_SEND_INTERVAL: '100ms' }
  })
  const plugin = await crm.register(host.at('mobiletech'))
  const saved = await plugin.saveSettings({
    ...gateway.settings,
    ...settings,
    gateway: { ...gateway.settings.gateway, ...settings.gateway }
  })
  t.equal(saved.status, 200, saved.text)
  const { json } = await plugin.markdownPreview('webhook')
  const [address = ''] = /http[^`]+/.exec((json as { markdown: string }).markdown) ?? []
  await gateway.connect(address)
  const send = (contact: string, text: string) => plugin.send({ contact, content: { text, format: 'text' } })
  const statuses = (id: string, ...wanted: string[]) =>
    until(`${wanted} of ${id}`, async () => plugin.statuses(id).join() === wanted.join())
  const incoming = () => crm.events.filter(({ type }) => type === 'incoming')
  const storyOf = async (crmId: string) =>
    (await host.database.db.select().from(messages).where(eq(messages.crmId, crmId)))[0]?.story
  return { gateway, crm, plugin, address, send, statuses, incoming, storyOf }
}

t.test('a message is delivered, and the answer to what comes back is a reply', async t => {
  const { gateway, crm, send, statuses } = await company(t)
  const first = await send('0905 000 002', 'Hello')
  await statuses(first.message.id, 'sent', 'delivered')

  await gateway.write(ORANGE, { text: 'Hi!' })
  await crm.waitFor(event => event.type === 'incoming' && event.message.content?.text === 'Hi!')
  const second = await send(ORANGE, 'How are you?')
  await statuses(second.message.id, 'sent', 'delivered')
  t.match(gateway.requests, [
    { objection: undefined, fields: { rcv_msg_id: '', project_id: '', expiration: '600', to: ORANGE } },
    { objection: undefined, fields: { rcv_msg_id: '30000001', project_id: '70', expiration: '100', to: ORANGE } }
  ])
})

t.test('an SMS that is reported several times, also at once, is one message and one automatic answer', async t => {
  const { gateway, incoming } = await company(t, {
    autoReply: { keyword: 'PING', template: 'pong' },
    templates: { templates: 'pong: PONG {{ contact }}' }
  })
  const sms = { from: ORANGE, content: 'ping', id: '30000001', fields: { receive_date: '2509011530457' } }
  const answers = await Promise.all(Array.from({ length: 5 }, () => gateway.deliver(sms)))
  answers.push(await gateway.deliver(sms))
  for (const answer of answers)
    t.same(answer, {
      status: 200,
      type: 'application/xml; charset=utf-8',
      body: '<?xml version="1.0" encoding="UTF-8"?>\n<message command="rcv_rsp"><id>30000001</id></message>\n'
    })

  await gateway.write(O2, { text: 'the last one' })
  await until('both messages', async () => incoming().length >= 2)
  t.match(incoming(), [{ contact: ORANGE }, { contact: O2 }])
  t.equal(incoming().length, 2)
  await until('the answer', async () => gateway.received().length > 0)
  t.same(
    gateway.received().map(({ contact, text }) => ({ contact, text })),
    [{ contact: ORANGE, text: `PONG ${ORANGE}` }]
  )
})

t.test('D0 is delivered by O2 and an error by Orange, and nothing undoes a delivery', async t => {
  const { gateway, send, statuses, storyOf } = await company(t)
  gateway.knobs.reports = () => [{ status: 'A0' }, { status: 'D0' }, { status: 'D2' }]
  const [delivered, failed] = [await send(O2, 'a'), await send(ORANGE, 'b')]
  await statuses(delivered.message.id, 'sent', 'delivered')
  await statuses(failed.message.id, 'sent', 'error')
  await gateway.idle()
  await statuses(delivered.message.id, 'sent', 'delivered')
  const story = await storyOf(delivered.message.id)
  t.match(story, [
    { kind: 'attempt', outcome: 'accepted', ref: /^4000000[12]\/2$/ },
    { kind: 'status', status: 'sent' },
    { kind: 'noted', status: 'sent', reason: 'The gateway has charged it (A0)' },
    { kind: 'status', status: 'delivered' },
    { kind: 'noted', status: 'error', reason: 'The gateway reports an error (D2)' }
  ])
})

t.test('a report that overtakes the answer to the send is not lost', async t => {
  const { gateway, plugin, send } = await company(t)
  gateway.knobs.reports = () => [{ status: 'D1', early: true }]
  const { message } = await send(ORANGE, 'a')
  await until('delivered', async () => plugin.statuses(message.id).includes('delivered'))
})

t.test('a text in parts is delivered when all are, and a retry repeats none of them', async t => {
  const { gateway, plugin, send, statuses } = await company(t)
  gateway.knobs.reports = ({ fields }) => (fields.content?.startsWith('(1') ? [{ status: 'D1' }] : [])
  gateway.fail({ kind: 'delay', ms: 0 }, { kind: 'status', code: 500 })
  const { message } = await send(ORANGE, 'word '.repeat(80))
  await until('three parts', async () => gateway.taken.length === 3)
  t.match(
    gateway.received().map(({ text }) => text),
    [/^\(1\/3\) word/, /^\(2\/3\) word/, /^\(3\/3\) word/]
  )
  await statuses(message.id, 'sent')
  await gateway.report('40000002', 'D1')
  await gateway.report('40000003', 'D1')
  await statuses(message.id, 'sent', 'delivered')
  t.same(plugin.statuses(message.id), ['sent', 'delivered'])
})

t.test('a message that may have left is not repeated, and its end is told', async t => {
  const { gateway, send, statuses } = await company(t)
  gateway.knobs.reports = () => []
  gateway.fail({ kind: 'drop' })
  const { message } = await send(ORANGE, 'a')
  await statuses(message.id, 'error')
  t.equal(gateway.requests.length, 1)
})

t.test('a message to a number that has moved goes once more, by the operator that is known then', async t => {
  const { gateway, plugin, send, statuses } = await company(t, { gateway: { defaultOperator: ['T'] } })
  const operators = () => gateway.requests.map(({ fields }) => fields.operator_type)
  gateway.knobs.operators.set(ORANGE, 'T')
  const short = await send(ORANGE, 'a')
  await statuses(short.message.id, 'sent', 'delivered')
  t.same(operators(), ['O', 'T'])
  t.same(plugin.statuses(short.message.id), ['sent', 'delivered'])

  gateway.knobs.operators.set(MOVED, 'T')
  const long = await send(MOVED, 'word '.repeat(80))
  await statuses(long.message.id, 'sent', 'delivered')
  t.same(operators().slice(2).toSorted(), ['O', 'O', 'O', 'T', 'T', 'T'])
})

t.test('a message that is given back twice is an error, however often that is said', async t => {
  const { gateway, send, statuses } = await company(t, { gateway: { defaultOperator: ['T'] } })
  gateway.knobs.reports = () => ['_OPERATOR_CHANGE', '_OPERATOR_CHANGE', 'D0'].map(status => ({ status }))
  const { message } = await send(ORANGE, 'a')
  await statuses(message.id, 'sent', 'error')
  await gateway.idle()
  await statuses(message.id, 'sent', 'error')
  t.equal(gateway.requests.length, 2)
})

t.test('a number that has moved is sent to by the operator that it writes by', async t => {
  const { gateway, send, statuses, incoming } = await company(t)
  gateway.knobs.operators.set(ORANGE, 'T')
  const first = await send(ORANGE, 'a')
  await statuses(first.message.id, 'sent', 'error')
  const second = await send(ORANGE, 'b')
  await statuses(second.message.id, 'error')
  t.equal(gateway.requests.length, 1, 'by Orange it is not tried again')

  await gateway.write(ORANGE, { text: 'Hi' })
  await until('the message', async () => incoming().length > 0)
  const third = await send(ORANGE, 'c')
  await statuses(third.message.id, 'sent', 'delivered')
  t.match(gateway.requests.at(-1)?.fields, { operator_type: 'T' })
})

t.test('in the trial everything is delivered and nothing leaves', async t => {
  const { gateway, plugin, send, statuses } = await company(t, { gateway: { mode: ['mock'] } })
  const { message } = await send(ORANGE, 'a')
  await statuses(message.id, 'sent', 'delivered')
  t.same(gateway.requests, [])
  const { json } = await plugin.speaking('sk_SK').markdownPreview('webhook')
  t.match((json as { markdown: string }).markdown, '**SKÚŠKA: nič sa neodosiela')
})

t.test('only who knows the address is heard, by POST and in 64 KiB', async t => {
  const { gateway, address } = await company(t)
  t.equal((await fetch(`${address}x`, { method: 'POST', body: '<message/>' })).status, 404)
  for (const method of ['GET', 'PUT', 'DELETE', 'PATCH'])
    t.equal((await fetch(address, { method })).status, 405, method)
  t.equal((await gateway.post(`<message>${'a'.repeat(65_536)}</message>`)).status, 413)
  t.equal((await gateway.post('<message')).status, 400)
  t.match(await gateway.report('49999999', 'D1'), { status: 200, body: '<id>49999999</id>' })
})
