import t from 'tap'
import { graphFault } from '../simulator/faults.ts'
import channel from '../src/channel.ts'
import { registered } from './tools.ts'

const ASKED = { dep: [], context: [] }
const DAY_MS = 86_400_000
/** Seconds of the clock of `registered`. */
const NOW_S = new Date('2026-10-01T12:00:00Z').getTime() / 1_000

t.test('the form says when the token ends, and which permission it lacks', async t => {
  const { gateway, tools } = await registered(t)
  const rows = async (data: object) => {
    gateway.state.tokenData = { is_valid: true, scopes: [], ...data }
    return ((await channel.markdowns?.health?.(ASKED, tools)) ?? '')
      .split('\n')
      .filter(row => /ends|Permission/.test(row))
  }
  t.same(await rows({ expires_at: NOW_S + 15 * 86_400 }), ['| The access token ends | ✅ 2026-10-16T12:00:00.000Z |'])
  t.same(await rows({ expires_at: NOW_S + 13 * 86_400 }), ['| The access token ends | ⚠️ 2026-10-14T12:00:00.000Z |'])
  t.same(await rows({ expires_at: 0, scopes: ['whatsapp_business_messaging'] }), [
    '| The access token ends | ✅ never |',
    '| Permission | ❌ whatsapp_business_management |'
  ])
  gateway.faults.add('token', graphFault(400, 100))
  t.same(await rows({}), [], 'where Meta does not tell, nothing is claimed')
})

t.test('a token that ends soon is told to the log, once a day', async t => {
  const { gateway, tools, keep, logs, pass } = await registered(t)
  const poll = async () => keep((await channel.poll?.read(null, tools))?.events ?? [])
  gateway.state.tokenData = { is_valid: true, expires_at: NOW_S + 30 * 86_400 }
  await poll()
  t.same(logs, [])
  pass(17 * DAY_MS)
  await poll()
  await poll()
  t.match(logs, [{ level: 'warn', details: { endsAt: Date }, message: /ends soon/ }])
  t.equal(logs.length, 1)
  gateway.state.tokenData = { is_valid: false }
  pass(DAY_MS)
  await poll()
  t.match(logs[1], { level: 'error', message: /does not work any more/ })
  t.notMatch(JSON.stringify(logs), tools.settings.account.accessToken)
})

t.test('an error that repeats a secret is told without it', async t => {
  const { gateway, send, tools, logs } = await registered(t)
  const { accessToken, appSecret } = tools.settings.account
  const said = `Malformed access token ${accessToken}, secret ${appSecret}`
  gateway.faults.add('messages', graphFault(401, 190, said, { message: said }))
  const outcome = await send()
  t.match(outcome, { kind: 'throttled', reason: /Malformed access token …, secret …/ })
  gateway.faults.add('phone', graphFault(401, 190, said))
  const shown = await channel.markdowns?.health?.(ASKED, tools)
  t.match(shown, /Malformed access token …/)
  gateway.faults.add('phone', graphFault(401, 190, said))
  const errors = await channel.check?.(tools)
  t.match(errors, { 'account.accessToken': [/Malformed access token …/] })
  for (const secret of [accessToken, appSecret]) t.notMatch(JSON.stringify([outcome, shown, errors, logs]), secret)
})
