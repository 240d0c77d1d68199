import bpmessage from 'channel-bpmessage'
import bpmessageEmail from 'channel-bpmessage/email'
import { startSimulator } from 'channel-bpmessage/simulator'
import t, { type Test } from 'tap'
import { testCrm, testHost, until } from '../harness.ts'
import { text } from '../scripted-channel.ts'

/** Lots at a simulated BpMessage that misbehaves. */

async function build(
  t: Test,
  { profile = 'current', ...lots }: { profile?: 'current' | 'readme-2.0' } & Record<string, unknown>
) {
  const fake = await startSimulator({ profile })
  t.teardown(() => fake.close())
  const crm = await testCrm(t)
  const channels = [{ channel: bpmessage }, { channel: bpmessageEmail }]
  const env = { LV_PLUGIN_CHAT_SEND_INTERVAL: '100ms', LV_PLUGIN_CHAT_SEND_TIMEOUT: '3s' }
  const host = await testHost(t, { channels, env })
  const plugin = await crm.register(host.at('bpmessage'))
  const email = await crm.register(host.at('bpmessage-email'))
  const lotSettings = {
    mode: ['lot'],
    batchSize: 5_000,
    timeWindow: 2,
    dispatchWindow: 600,
    retryUnknown: false,
    ...lots
  }
  await plugin.saveSettings({ ...fake.settings, lots: lotSettings })
  await email.saveSettings({ ...fake.emailSettings, lots: lotSettings })
  const { sql } = host.database
  const settled = (count: number) =>
    until(
      `${count} messages to be settled`,
      async () => {
        const [row] = await sql`select count(*)::int number from messages where settled_at is not null`
        return row?.number === count
      },
      90_000
    )
  const ended = () =>
    until('all lots to end', async () => (await sql`select from lots where ended_at is null`).length === 0)
  return { fake, crm, plugin, email, sql, settled, ended }
}

const mobile = (number: number) => `+5511${900_000_000 + number}`

/** Stores messages as the CRM's requests do, in one statement instead of 5,000 requests. */
async function storeMessages(sql: Awaited<ReturnType<typeof build>>['sql'], count: number): Promise<void> {
  await sql`
    with found as (
      insert into conversations (registration_id, contact, sending_due)
      select 1, '+5511' || (900000000 + n), now() from generate_series(1, ${count}) n returning id, contact)
    insert into messages (registration_id, conversation_id, crm_id, body)
    select 1, id, contact, json_build_object(
      'contact', contact, 'subject', 'May', 'content', json_build_object('text', 'Oi ' || contact, 'format', 'text'), 'attachments', '[]'::json)
    from found order by id`
  await sql`select graphile_worker.add_job('send', '{"registration":1}'::json)`
}

t.test('bad items: of 5,000 messages with 3 bad ones, 3 are in error and the others sent, each once', async t => {
  const { fake, sql, settled, ended } = await build(t, { batchSize: 5_000, timeWindow: 60 })
  const bad = new Set([17, 2_500, 4_999].map(mobile))
  fake.behaviour.refuses = ({ areaCode, phone }) =>
    bad.has(`+55${areaCode}${phone}`) ? 'there is no such number' : undefined
  await storeMessages(sql, 5_000)
  await settled(5_000)
  await ended()

  const failed = await sql`select body->>'contact' contact, reason from messages where state = 'failed'`
  t.same(new Set(failed.map(({ contact }) => contact)), bad)
  t.ok(failed.every(({ reason }) => reason === 'there is no such number'))
  t.same(
    fake.lots().map(({ items, finished }) => [items.length, finished]),
    [[4_997, true]]
  )
  t.same(fake.violations(), [])
  const adds = fake.store.calls.filter(({ path }) => path.includes('AddMessageToLot')).length
  t.ok(adds < 80, `${adds} requests find them`)
})

for (const profile of ['current', 'readme-2.0'] as const)
  t.test(`profile ${profile}: messages and e-mails leave in lots`, async t => {
    const { fake, plugin, email, settled, ended } = await build(t, { profile })
    for (const number of [1, 2]) {
      await plugin.send({ ...text(mobile(number), 'Oi'), subject: 'May' })
      await email.send({ ...text(`a${number}@example.com`, '/campaign June\nHi'), subject: 'Bill' })
    }
    await settled(4)
    await ended()
    const lots = fake.lots().map(({ kind, body, items }) => [kind, body.name, items.length])
    t.same(lots.toSorted(), [
      ['email', 'June', 2],
      ['phone', 'May', 2]
    ])
    t.same(fake.violations(), [])
  })

t.test('lost answers: nothing is sent twice, and each lot with something in it is finished', async t => {
  const { fake, crm, plugin, settled, ended } = await build(t, { batchSize: 5, timeWindow: 1 })
  fake.faults.plan('create', { kind: 'drop-after' })
  fake.faults.plan('create', { kind: 'status', status: 503 }, { call: 2 })
  fake.faults.plan('add', { kind: 'drop-after' })
  fake.faults.plan('add', { kind: 'status', status: 429, headers: { 'retry-after': '1' } }, { call: 2 })
  fake.faults.plan('finish', { kind: 'drop-after' })
  fake.faults.plan('finish', { kind: 'status', status: 502 }, { call: 3 })
  const sent = []
  for (let number = 0; number < 20; number += 1) sent.push(await plugin.send(text(mobile(number), `Oi ${number}`)))
  await settled(20)
  await ended()
  for (const { message } of sent) await crm.waitFor(event => event.type === 'status' && event.messageId === message.id)

  t.same(fake.violations(), [])
  const statuses = sent.map(({ message }) => plugin.statuses(message.id))
  t.ok(statuses.every(([status, ...more]) => (status === 'sent' || status === 'error') && more.length === 0))
  const arrived = fake
    .lots()
    .filter(({ doubtful }) => !doubtful)
    .flatMap(({ items }) => items).length
  t.ok(statuses.filter(([status]) => status === 'sent').length >= arrived, 'each message that surely arrived is sent')
})
