import type { Outcome } from 'channel-kit/outcome'
import t, { type Test } from 'tap'
import { type Fault, graphFault } from '../simulator/faults.ts'
import type { ErrorClass } from '../src/graph/errors.ts'
import { registered } from './tools.ts'

type Row = readonly [code: number, status: number, more?: object]

const ERRORS: Readonly<Record<ErrorClass, readonly Row[]>> = {
  token_invalid: [
    [0, 401],
    [102, 401],
    [104, 401],
    [190, 401],
    [190, 401, { error_subcode: 463 }],
    [467, 401],
    [99999, 401]
  ],
  configuration: [
    [3, 500],
    [10, 403],
    [33, 400],
    [100, 400, { error_subcode: 33 }],
    [100, 400, { message: 'API calls from the server require an appsecret_proof argument' }],
    [200, 403],
    [299, 403],
    [131005, 403],
    [131037, 400],
    [131045, 500],
    [133000, 500],
    [133005, 400],
    [133006, 400],
    [133010, 400],
    [2593107, 400],
    [403, 403]
  ],
  account_blocked: [
    [368, 403],
    [131031, 403],
    [131048, 400],
    [131064, 400]
  ],
  retry_backoff: [
    [1, 400],
    [2, 503],
    [131000, 500],
    [131016, 500],
    [131057, 500],
    [133004, 503],
    [2494100, 400],
    [99999, 500],
    [99999, 400, { is_transient: true }]
  ],
  retry_after: [
    [4, 400],
    [4, 429],
    [17, 400],
    [341, 400],
    [613, 429],
    [80007, 400],
    [132069, 400],
    [133008, 400],
    [133009, 400],
    [133015, 400],
    [133016, 400],
    [134101, 400],
    [99999, 429]
  ],
  needs_template: [[131047, 400]],
  permanent: [
    ...[100, 130472, 131008, 131009, 131020, 131021, 131026, 131030, 131041, 131049, 131050, 131051, 131052].map(of400),
    ...[131053, 131055, 131059, 131062, 131201, 132000, 132005, 132007, 132008, 132012, 132015, 132016].map(of400),
    ...[132018, 132068, 134100, 135000, 137000, 138001, 139000, 147001, 99999].map(of400),
    [130497, 403],
    [132001, 404],
    [803, 404],
    // Wrong about templates of a kind, and no reason to keep the other messages.
    [131042, 400],
    [131063, 400],
    [134011, 400],
    [134102, 500]
  ]
}

const MEANT: Readonly<Record<ErrorClass, object>> = {
  token_invalid: { kind: 'throttled', afterMs: 600_000 },
  configuration: { kind: 'throttled', afterMs: 600_000 },
  account_blocked: { kind: 'throttled', afterMs: 3_600_000 },
  retry_backoff: { kind: 'retry', afterMs: Number },
  retry_after: { kind: 'throttled', afterMs: Number },
  needs_template: { kind: 'rejected' },
  permanent: { kind: 'rejected' }
}

t.test('every error of the Graph API means for a message what its class says', async t => {
  const { gateway, send } = await registered(t)
  for (const [name, rows] of Object.entries(ERRORS) as [ErrorClass, readonly Row[]][])
    for (const [code, status, more] of rows) {
      gateway.faults.add('messages', graphFault(status, code, 'in detail', more))
      const outcome = await send()
      t.match(outcome, MEANT[name], `${name} ${code} ${JSON.stringify(more ?? '')}`)
      t.match(outcome, { reason: new RegExp(`#${code}\\b.*in detail|in detail.*#${code}\\b`) }, `${code} says why`)
    }
  t.same(gateway.state.messages, [], 'nothing of it was sent')
})

t.test('a reason is in words first, and then in those of Meta', async t => {
  const { gateway, send } = await registered(t)
  gateway.faults.add('messages', graphFault(400, 131026, 'Receiver is incapable'))
  t.match(await send(), {
    reason: /^The customer cannot get it: .* \(#131026, trace ASimulatedTrace: Receiver is incapable\)$/
  })
  gateway.faults.add('messages', graphFault(400, 100, '', { error_data: '{"blame_field_specs":[["to"]]}' }))
  t.match(await send(), { reason: /blame_field_specs.*#100/ })
})

t.test('a message that may go later is tried less and less often, and then not at all', async t => {
  const { waits, last } = await tries(t, graphFault(500, 131016))
  t.equal(waits.length, 5)
  for (const [at, seconds] of [2, 8, 30, 120, 300].entries())
    t.ok(Math.abs((waits[at] ?? 0) - seconds * 1_000) <= seconds * 200, `${waits[at]} is about ${seconds} s`)
  t.match(last, { kind: 'rejected', reason: /131016/ })
  t.equal((await tries(t, graphFault(400, 1))).waits.length, 2)
  t.equal((await tries(t, graphFault(500, 131000))).waits.length, 3)
})

t.test('too much to one customer holds back that customer alone, longer each time', async t => {
  const { waits, last } = await tries(t, graphFault(400, 131056))
  t.same(waits.slice(0, 6), [1_000, 4_000, 16_000, 64_000, 256_000, 256_000])
  t.match(last, { kind: 'rejected' })
})

t.test('too much a second slows the whole number', async t => {
  const { gateway, send, goOn } = await registered(t)
  gateway.faults.add('messages', ...Array(9).fill(graphFault(400, 130429)))
  const waits: number[] = []
  for (let outcome = await send(); outcome.kind === 'throttled'; outcome = await goOn({}, outcome))
    waits.push(outcome.afterMs)
  t.same(
    waits,
    [1, 2, 4, 8, 16, 32, 60, 60, 60].map(seconds => seconds * 1_000)
  )
})

t.test('Meta says how long to wait', async t => {
  const { gateway, send } = await registered(t)
  const usage = JSON.stringify({ 1: [{ type: 'whatsapp', estimated_time_to_regain_access: 19 }] })
  for (const [headers, afterMs] of [
    [{ 'retry-after': '30' }, 30_000],
    [{ 'x-business-use-case-usage': usage }, 19 * 60_000],
    [{ 'x-business-use-case-usage': 'no JSON' }, 15 * 60_000],
    [{}, 15 * 60_000]
  ] as const) {
    const fault = graphFault(400, 80007)
    gateway.faults.add('messages', { ...fault, headers } as Fault)
    t.match(await send(), { kind: 'throttled', afterMs })
  }
})

t.test('an answer of a proxy that says no is as good as one of Meta’s, and any other says nothing', async t => {
  const { gateway, send, logs } = await registered(t)
  for (const [status, after, wanted] of [
    [429, '2', { kind: 'throttled', afterMs: 2_000 }],
    [429, '2 s', { kind: 'throttled', afterMs: 2_000 }],
    [429, 'Thu, 01 Oct 2026 12:00:30 GMT', { kind: 'throttled', afterMs: 30_000 }],
    [403, '', { kind: 'throttled', afterMs: 600_000 }],
    [413, '', { kind: 'rejected' }],
    [503, '2', { kind: 'retry', afterMs: 2_000 }],
    [503, '', { kind: 'retry' }],
    [500, '', { kind: 'unknown' }],
    [502, '', { kind: 'unknown' }],
    [504, '', { kind: 'unknown' }]
  ] as const) {
    const headers = after ? { 'retry-after': after } : {}
    gateway.faults.add('messages', { kind: 'answer', status, body: '<html>Blocked by proxy</html>', headers })
    t.match(await send(), wanted, `${status} ${after}`)
  }
  t.match(logs, [{ level: 'error', message: /an admin has to act/ }])
})

t.test('a number that cannot send rests until an admin acts, is told of, and gives up after hours', async t => {
  const { gateway, send, goOn, pass, logs } = await registered(t)
  gateway.state.token = 'another'
  const first = await send()
  t.match(first, { kind: 'throttled', afterMs: 600_000, reason: /The access token does not work any more/ })
  t.match(logs, [{ level: 'error', message: /an admin has to act/ }])
  pass(5 * 3_600_000)
  const second = await goOn({}, first)
  t.match(second, { kind: 'throttled' })
  pass(3_600_000)
  t.match(await goOn({}, second), { kind: 'rejected' })

  gateway.state.token = gateway.settings.account.accessToken
  t.match(await goOn({}, second), { kind: 'accepted' }, 'and what was mended goes on')
})

t.test('a proof by the secret of another app is left out, and a warning says so', async t => {
  const { gateway, send, logs } = await registered(t, { change: { account: { appSecret: 'of-another-app' } } })
  t.match(await send(), { kind: 'accepted' })
  t.same(
    gateway.state.calls.map(({ query }) => 'appsecret_proof' in query),
    [true, false]
  )
  t.match(logs, [{ level: 'warn', message: /the first app secret is not of the app/ }])
})

function of400(code: number): Row {
  return [code, 400]
}

/** How long a message waits while it runs into the same fault again and again. */
async function tries(t: Test, fault: Fault): Promise<{ waits: number[]; last: Outcome }> {
  const { gateway, send, goOn } = await registered(t)
  const waits: number[] = []
  gateway.faults.add('messages', ...Array(20).fill(fault))
  let outcome = await send()
  for (; outcome.kind === 'retry'; outcome = await goOn({}, outcome)) waits.push(outcome.afterMs ?? 0)
  return { waits, last: outcome }
}
