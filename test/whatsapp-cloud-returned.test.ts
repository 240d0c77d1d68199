import t from 'tap'
import { until } from './harness.ts'
import { connected } from './whatsapp.ts'

/** Refusals of WhatsApp that come as a status, after it had taken the message. */

const CUSTOMER = '421900111222'
const PICTURE = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex')

const failed = (code: number) => ({ errors: [{ code, title: 'Simulated' }] })

t.test('a closed window that a status tells of is answered by the template, and the story says so', async t => {
  const { crm, plugin, gateway, host } = await connected(t, {
    settings: { window: { fallbackTemplate: ['continue_conversation/en_US'] } }
  })
  await gateway.write(CUSTOMER, { text: 'hi' })
  await crm.waitFor(event => event.type === 'incoming')
  gateway.state.statuses = []
  const { message } = await plugin.send({ contact: CUSTOMER, content: { text: 'answer', format: 'text' } })
  await until('the message', async () => gateway.received().length === 1)
  await gateway.report('failed', undefined, failed(131047))
  await until('the template', async () => gateway.received().length === 2)
  t.match(gateway.state.messages, [{ body: { type: 'text' } }, { body: { type: 'template' } }])
  await gateway.report('delivered')
  await crm.waitFor(event => event.type === 'status' && event.status === 'delivered')
  t.notOk(plugin.statuses(message.id).includes('error'))
  const [row] = await host.database.sql`select story::text from messages`
  t.match(row?.story, /"returned".*131047.*Sent by the template continue_conversation/)
})

t.test('a picture that a status refuses is sent as a document, and in vain only once', async t => {
  const { crm, plugin, gateway } = await connected(t)
  await gateway.say(CUSTOMER, { type: 'image', image: gateway.file(PICTURE, 'image/png') })
  const heard = await crm.waitFor(event => event.type === 'incoming')
  const attachments = heard.type === 'incoming' ? heard.message.attachments : []
  gateway.state.statuses = []
  const { message } = await plugin.send({ contact: CUSTOMER, content: { text: 'Same', format: 'text' }, attachments })
  await until('the picture', async () => gateway.received().length === 1)
  await gateway.report('failed', undefined, failed(131053))
  await until('the document', async () => gateway.received().length === 2)
  t.match(gateway.state.messages, [
    { body: { type: 'image' } },
    { body: { type: 'document', document: { caption: 'Same' } } }
  ])
  await gateway.report('failed', undefined, failed(131053))
  await crm.waitFor(event => event.type === 'status')
  t.same(plugin.statuses(message.id), ['error'])
  t.equal(gateway.received().length, 2)
})

t.test('a trouble of WhatsApp’s that a status tells of is tried again after a while, once', async t => {
  const { crm, plugin, gateway } = await connected(t)
  gateway.state.statuses = []
  const { message } = await plugin.send({ contact: CUSTOMER, content: { text: 'answer', format: 'text' } })
  await until('the message', async () => gateway.received().length === 1)
  const before = Date.now()
  await gateway.report('failed', undefined, failed(130429))
  await until('the second', async () => gateway.received().length === 2)
  t.ok(Date.now() - before >= 2_000)
  await gateway.report('failed', undefined, failed(131000))
  await crm.waitFor(event => event.type === 'status')
  t.same(plugin.statuses(message.id), ['error'])
})

t.test('answers of a proxy that say no are waited for, as its Retry-After says', async t => {
  const { crm, plugin, gateway } = await connected(t)
  const page = (status: number) =>
    ({ kind: 'answer', status, body: '<html>', headers: { 'retry-after': '1' } }) as const
  gateway.faults.add('messages', page(429), page(503))
  const before = Date.now()
  await plugin.send({ contact: CUSTOMER, content: { text: 'x', format: 'text' } })
  await crm.waitFor(event => event.type === 'status' && event.status === 'delivered')
  t.equal(gateway.received().length, 1)
  t.ok(Date.now() - before >= 2_000)
})
