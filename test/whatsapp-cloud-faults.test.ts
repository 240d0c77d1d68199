import type { WhatsAppSimulator } from 'channel-whatsapp-cloud/simulator'
import t from 'tap'
import { until } from './harness.ts'
import { connected } from './whatsapp.ts'

type Fault = Parameters<WhatsAppSimulator['faults']['add']>[1]

const CUSTOMERS = ['421900000001', '421900000002', '421900000003', '421900000004', '421900000005', '421900000006']
const EACH = 3

t.test('through resets, refusals and repeated webhooks every message is sent once, and in order', async t => {
  const { gateway, crm, plugin } = await connected(t, { settings: { limits: { contactBurst: 45 } } })
  const troubles: Fault[] = [
    { kind: 'reset', when: 'after' },
    refusal(500, 131016),
    refusal(400, 130429),
    refusal(400, 131056),
    { kind: 'answer', status: 200, body: refusal(200, 131000).body }
  ]
  const ids = new Map<string, string>()
  gateway.webhooks.hold()
  for (let number = 1; number <= EACH; number += 1) {
    gateway.faults.add('messages', ...troubles)
    for (const contact of CUSTOMERS) {
      const { message } = await plugin.send({ contact, content: { text: `${contact} ${number}`, format: 'text' } })
      ids.set(message.id, `${contact} ${number}`)
    }
  }
  const total = CUSTOMERS.length * EACH
  await until(
    'all messages',
    async () => {
      await gateway.webhooks.release({ order: 'reversed', batch: 7, copies: 2 })
      gateway.webhooks.hold()
      return gateway.received().length >= total
    },
    60_000
  )
  await gateway.webhooks.release({ order: 'reversed', batch: 7, copies: 2 })
  await until(
    'all statuses',
    async () => [...ids.keys()].every(id => plugin.statuses(id).at(-1) === 'delivered'),
    60_000
  )

  const texts = gateway.received().map(({ text }) => text)
  t.equal(texts.length, total)
  for (const contact of CUSTOMERS)
    t.same(
      texts.filter(text => text.startsWith(contact)),
      Array.from({ length: EACH }, (_, at) => `${contact} ${at + 1}`)
    )
  t.notOk(crm.events.some(event => event.type === 'status' && event.status === 'error'))
  t.equal(gateway.faults.left('messages'), 0, 'every trouble was met')
})

t.test('a token that ended stops the number, and a new one lets everything go', async t => {
  const { gateway, plugin, host } = await connected(t)
  const { account } = gateway.settings
  gateway.state.token = 'EAANewToken'
  for (const contact of CUSTOMERS) await plugin.send({ contact, content: { text: 'Hi', format: 'text' } })
  await until('the pause', async () => {
    const [row] = await host.database.sql`select paused_until as paused,
      (select count(*)::int from messages where state = 'sending') as sending from registrations`
    return row?.paused && row.sending === 0
  })
  const asked = gateway.state.calls.length
  t.match(await plugin.saveSettings({ account: { ...account, accessToken: 'EAANewToken' } }), { status: 200 })
  await until('all messages', async () => gateway.received().length === CUSTOMERS.length)
  t.ok(asked < gateway.state.calls.length)
  t.same(new Set(gateway.received().map(({ contact }) => contact)), new Set(CUSTOMERS))
})

function refusal(status: number, code: number): Fault & { kind: 'answer' } {
  return { kind: 'answer', status, body: { error: { code, message: 'Simulated' } } }
}
