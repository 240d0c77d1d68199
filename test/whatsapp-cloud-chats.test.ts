import whatsApp from 'channel-whatsapp-cloud'
import { startSimulator } from 'channel-whatsapp-cloud/simulator'
import type { Crm } from 'simulator/crm'
import t from 'tap'
import { testCrm, testHost, until } from './harness.ts'
import { connected } from './whatsapp.ts'

/** Which chat something comes into: of customers with several names, and of a company with several numbers. */

const CUSTOMER = '421900111222'

const heard = (crm: Crm) =>
  crm.events.flatMap(event => (event.type === 'incoming' ? [`${event.contact}: ${event.message.content?.text}`] : []))

t.test('an answer comes into the chat that was written in, by whatever WhatsApp says of the number', async t => {
  const { crm, plugin, gateway } = await connected(t)
  const send = async (contact: string) =>
    (await plugin.send({ contact, content: { text: 'oi', format: 'text' } })).message.id
  const delivered = (id: string) => until('a status', async () => plugin.statuses(id).includes('delivered'))
  const answer = async (number: string) => {
    const before = heard(crm).length
    await gateway.write(number, { text: `resposta ${number}` })
    await until('the answer', async () => heard(crm).length > before)
  }

  gateway.state.aliases.set('5531955554001', '553155554001')
  gateway.faults.add('messages', { kind: 'reset', when: 'after' })
  await delivered(await send('+5531955554001'))
  await answer('553155554001')

  gateway.faults.add('messages', { kind: 'answer', status: 200, body: { messages: [{ id: 'wamid.WITHOUT' }] } })
  const without = await send('+5531966665002')
  const metadata = { phone_number_id: gateway.settings.account.phoneNumberId }
  const statuses = [{ id: 'wamid.WITHOUT', status: 'delivered', recipient_id: '553166665002' }]
  const changes = [{ field: 'messages', value: { metadata, statuses } }]
  await gateway.webhooks.post({ object: 'whatsapp_business_account', entry: [{ id: '1', changes }] })
  await delivered(without)
  await answer('553166665002')

  await answer('553177776001')
  gateway.state.aliases.set('5531977776001', '553177776001')
  await delivered(await send('5531977776001'))
  await answer('553177776001')
  t.same(heard(crm), [
    '+5531955554001: resposta 553155554001',
    '+5531966665002: resposta 553166665002',
    '+553177776001: resposta 553177776001',
    '5531977776001: resposta 553177776001'
  ])
})

t.test('two numbers of one account each have their messages, wherever Meta sends them', async t => {
  const change = { otherNumbers: ['206540352242922'], subscribed: true }
  const gateway = await startSimulator({ change })
  t.teardown(() => gateway.close())
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: whatsApp }], env: gateway.variables })
  const join = async (key: string, phoneNumberId: string) => {
    const reference = { cid: '1', plugin: { alias: key, id: '1' } }
    const plugin = await crm.register({ selfUri: host.at('whatsapp-cloud'), key, reference })
    const account = { ...gateway.settings.account, phoneNumberId }
    t.match(await plugin.saveSettings({ account }), { status: 200 })
    const { json } = await plugin.markdownPreview('webhook')
    return { plugin, url: /http[^`]+/.exec((json as { markdown: string }).markdown)?.[0] ?? '' }
  }
  const first = await join('first', gateway.settings.account.phoneNumberId)
  await join('second', '206540352242922')
  await gateway.connect(first.url)
  const metadata = { phone_number_id: '206540352242922' }
  const messages = [{ from: CUSTOMER, id: 'wamid.1', type: 'text', text: { body: 'to the second' } }]
  const changes = [{ field: 'messages', value: { metadata, messages } }]
  const entry = [{ id: gateway.state.account.businessAccountId, changes }]
  t.equal(await gateway.webhooks.post({ object: 'whatsapp_business_account', entry }), 200)
  const event = await crm.waitFor(one => one.type === 'incoming')
  t.match(event, { plugin: 'second', contact: `+${CUSTOMER}`, message: { content: { text: 'to the second' } } })
  t.match(await first.plugin.markdownPreview('health'), {
    json: { markdown: /Webhooks of other numbers \| ⚠️ Those of the number 206540352242922 come here/ }
  })
})

t.test('a file that WhatsApp does not hand over keeps nothing waiting', async t => {
  const { crm, gateway } = await connected(t, { env: { LV_PLUGIN_MEDIA_WAIT: '1s' } })
  const body = { error: { code: 131016, message: 'later' } }
  for (const _ of Array(5)) gateway.faults.add('bytes', { kind: 'answer', status: 503, body: '' })
  for (const _ of Array(5)) gateway.faults.add('info', { kind: 'answer', status: 503, body })
  const picture = Buffer.from('89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c489', 'hex')
  const image = gateway.file(picture, 'image/png', { caption: 'photo' })
  await gateway.say(CUSTOMER, { type: 'image', image, id: 'wamid.PHOTO0001' })
  await gateway.write(CUSTOMER, { text: 'URGENT: cancel my order' })
  await until('both', async () => heard(crm).length === 2)
  t.same(heard(crm), [
    `+${CUSTOMER}: photo\nThe file image-HOTO0001.png follows`,
    `+${CUSTOMER}: URGENT: cancel my order`
  ])
})
