import t from 'tap'
import { graphFault } from '../simulator/faults.ts'
import channel from '../src/channel.ts'
import { startWebhook } from './listener.ts'
import { registered } from './tools.ts'

const ASKED = { dep: [], context: [] }

t.test('the form says what to do at Meta, and proposes a verify token that stays the same', async t => {
  const { tools } = await registered(t)
  const show = channel.markdowns?.webhook
  const fresh = (await show?.(ASKED, { ...tools, settings: {} })) ?? ''
  t.match(fresh, tools.webhookUrl)
  const [, token = ''] = /A verify token that nobody can guess: `([\w-]{32})`/.exec(fresh) ?? []
  t.ok(token)
  t.equal(await show?.(ASKED, { ...tools, settings: {} }), fresh)
  t.notMatch(await show?.(ASKED, { ...tools, settings: {}, webhookUrl: 'https://other.example/webhook/x' }), token)
  const saved = (await show?.(ASKED, tools)) ?? ''
  t.match(saved, /The verify token is the one that you saved/)
  t.notMatch(saved, tools.settings.account.verifyToken)
})

t.test('the state of the account is shown as it is now', async t => {
  const { gateway, tools, notes } = await registered(t)
  const show = async () => (await channel.markdowns?.health?.(ASKED, tools)) ?? ''
  const before = await show()
  for (const row of [
    '| Access token | ✅ |',
    '| The access token ends | ✅ never |',
    '| Phone number | +1 555-078-3881 Simulated shop |',
    '| State of the number | ✅ CONNECTED |',
    '| Quality | GREEN |',
    '| Limit of new conversations a day | TIER_2K |',
    '| Throughput | STANDARD |',
    '| Sending | ✅ AVAILABLE |',
    '| Subscription | ❌ none |',
    '| Last webhook | ❌ none yet |'
  ])
    t.ok(before.includes(row), row)

  gateway.state.subscribed = true
  gateway.state.phone = {
    status: 'RESTRICTED',
    health_status: {
      can_send_message: 'BLOCKED',
      entities: [
        {
          entity_type: 'WABA',
          errors: [{ error_code: 141006, error_description: 'No | payment', possible_solution: 'Add it' }]
        }
      ]
    }
  }
  notes.webhook = { value: {}, at: new Date('2026-10-01T11:59:00Z') }
  notes.account_update = {
    value: { event: 'ACCOUNT_RESTRICTION', info: { until: 'tomorrow' } },
    at: new Date('2026-09-30T00:00:00Z')
  }
  const after = await show()
  for (const row of [
    '| State of the number | ❌ RESTRICTED |',
    '| Sending | ❌ BLOCKED |',
    '| Sending, WABA | ❌ No \\| payment Add it (#141006) |',
    '| Subscription | ✅ Simulated app |',
    '| Last webhook | 2026-10-01T11:59:00.000Z |',
    '| account_update | 2026-09-30T00:00:00.000Z ACCOUNT_RESTRICTION, tomorrow |'
  ])
    t.ok(after.includes(row), row)
})

t.test('the state can be shown whatever is wrong', async t => {
  const { gateway, tools } = await registered(t)
  const show = channel.markdowns?.health
  t.equal(await show?.(ASKED, { ...tools, settings: {} }), 'Save the account first.')
  gateway.state.token = 'another'
  t.match(await show?.(ASKED, tools), /Access token \| ❌ The access token does not work any more/)
  gateway.faults.add('phone', { kind: 'answer', status: 502, body: 'no' })
  t.match(await show?.(ASKED, tools), /Access token \| \? HTTP 502/)
})

t.test('connecting subscribes the account, names our address, and says how it went', async t => {
  const { gateway, tools, keep, pass, notes } = await registered(t, { change: { webhook: { connect: true } } })
  const { url, close } = await startWebhook(t, () => tools)
  tools.webhookUrl = url
  const poll = async () => {
    const polled = await channel.poll?.read(null, tools)
    keep(polled?.events ?? [])
    return gateway.state.calls.filter(({ operation }) => operation === 'subscription').length
  }
  const { phoneNumberId, verifyToken } = tools.settings.account
  t.equal(await poll(), 2)
  t.match(gateway.state, { subscribed: true, override: undefined })
  t.same([...gateway.state.callbacks], [[phoneNumberId, { url, verifyToken }]])
  t.match(await channel.markdowns?.webhook?.(ASKED, tools), /Connected/)
  t.match(await channel.markdowns?.health?.(ASKED, tools), /Messages go to \| ✅ this address/)
  const looked = await poll()
  t.equal(await poll(), looked, 'once is enough')
  pass(86_400_001)
  t.equal(await poll(), looked + 1, 'for a day, and what is subscribed is not subscribed again')

  await close()
  pass(86_400_001)
  t.equal(await poll(), looked + 2)
  t.match(await channel.markdowns?.webhook?.(ASKED, tools), /Connecting did not work: .*verification failed/)
  pass(1_800_000)
  t.equal(await poll(), looked + 2)
  pass(1_800_001)
  gateway.faults.add('subscription', graphFault(403, 200))
  t.equal(await poll(), looked + 3, 'what failed is tried again after an hour')
  t.notMatch(JSON.stringify(notes), tools.settings.account.accessToken)
})

t.test(
  'connecting leaves other numbers of the account their addresses, and takes back what was ours of all',
  async t => {
    const { gateway, tools, keep, pass } = await registered(t, { change: { webhook: { connect: true } } })
    const { url } = await startWebhook(t, () => tools)
    tools.webhookUrl = url
    const others = { url: 'https://elsewhere.example/hook', verifyToken: 'x' }
    gateway.state.subscribed = true
    gateway.state.override = others
    const poll = async () => keep((await channel.poll?.read(null, tools))?.events ?? [])
    await poll()
    t.same(gateway.state.override, others)
    gateway.state.override = { url, verifyToken: 'of a version before' }
    pass(86_400_001)
    await poll()
    t.equal(gateway.state.override, undefined)
    gateway.state.callbacks.clear()
    gateway.state.override = others
    t.match(
      await channel.markdowns?.health?.(ASKED, tools),
      /Messages go to \| ⚠️ another address, at elsewhere.example/
    )
  }
)

t.test('nothing is connected that nobody asked for', async t => {
  const { gateway, tools } = await registered(t)
  t.match(await channel.poll?.read(null, tools), { events: [{ name: 'token' }], cursor: null })
  t.same(
    gateway.state.calls.map(({ operation }) => operation),
    ['token']
  )
})
