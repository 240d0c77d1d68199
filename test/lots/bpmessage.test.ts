import bpmessage from 'channel-bpmessage'
import bpmessageEmail from 'channel-bpmessage/email'
import { startSimulator } from 'channel-bpmessage/simulator'
import t, { type Test } from 'tap'
import { testCrm, testHost, until } from '../harness.ts'
import { text } from '../scripted-channel.ts'

async function build(t: Test, lots: object = {}) {
  const fake = await startSimulator()
  t.teardown(() => fake.close())
  const crm = await testCrm(t)
  const channels = [{ channel: bpmessage }, { channel: bpmessageEmail }]
  const host = await testHost(t, { channels, env: { LV_PLUGIN_CHAT_SEND_INTERVAL: '100ms' } })
  const plugin = await crm.register(host.at('bpmessage'))
  const saved = await plugin.saveSettings({ ...fake.settings, lots: { ...fake.settings.lots, timeWindow: 1, ...lots } })
  t.equal(saved.status, 200, JSON.stringify(saved.json))
  return { fake, crm, host, plugin }
}

const MOBILE = (number: number) => `+5511${900_000_000 + number}`

t.test('lot: messages to many people leave in one, and the CRM gets the status sent of each', async t => {
  const { fake, crm, host, plugin } = await build(t, { mode: ['lot'] })
  const sent = await Promise.all(
    Array.from({ length: 20 }, (_, index) => plugin.send({ ...text(MOBILE(index), 'Oi'), subject: 'May' }))
  )
  for (const { message } of sent)
    await crm.waitFor(event => event.type === 'status' && event.messageId === message.id && event.status === 'sent')
  await until('the lot to be finished', async () => fake.lots()[0]?.finished)

  t.equal(fake.lots().length, 1)
  t.match(fake.lots()[0], { body: { name: 'May' }, items: { length: 20 } })
  t.same(fake.violations(), [])
  const { json } = await plugin.tablePreview('lots')
  t.match(json, [{}, { 2: 'May' }])
  const prices = await host.database
    .sql`select distinct cost ->> 'amount' amount, cost ->> 'currency' currency from messages`
  t.same([...prices], [{ amount: '0.05', currency: 'BRL' }], 'each has the price of its route')
})

t.test('auto mode: a message that no other joins is sent by itself', async t => {
  const { fake, crm, plugin } = await build(t)
  const { message } = await plugin.send(text(MOBILE(1), 'Oi'))
  await crm.waitFor(event => event.type === 'status' && event.status === 'sent')
  t.same(plugin.statuses(message.id), ['sent'])
  t.match(fake.received(), [{ contact: MOBILE(1), text: 'Oi' }])
  t.equal(fake.lots().length, 0)
})

t.test('validation: a message that fails it is in error at once, and its reason is kept', async t => {
  const { crm, host, plugin } = await build(t)
  const { message } = await plugin.send(text('+1 212 555 0100', 'Hello'))
  await crm.waitFor(event => event.type === 'status' && event.status === 'error')
  t.same(plugin.statuses(message.id), ['error'])
  const [row] = await host.database.sql`select reason from messages`
  t.match(row, { reason: '+1 212 555 0100 is no Brazilian number.' })
})
