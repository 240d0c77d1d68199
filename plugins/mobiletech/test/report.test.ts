import type { GatewayEvent } from 'channel-kit/event'
import t from 'tap'
import { ORANGE, outgoing, stand } from './gateway-fixture.ts'

const reported = (events: readonly GatewayEvent[]) =>
  events.flatMap(event => (event.kind === 'either' ? event.statuses : []))

t.test('a status is acknowledged to the byte, whether its message is known or not', async t => {
  const { gateway, events } = await stand(t)
  t.same(await gateway.report('49999999', 'D1'), {
    status: 200,
    type: 'application/xml; charset=utf-8',
    body: '<?xml version="1.0" encoding="UTF-8"?>\n<message command="status_rsp"><id>49999999</id></message>\n'
  })
  t.same(
    reported(events).map(({ ref }) => ref),
    ['49999999/T', '49999999/O', '49999999/2', '49999999/S']
  )
})

t.test('the report of a message names the ref that the message was accepted under', async t => {
  const { gateway, events, send } = await stand(t)
  const outcome = await send()
  await gateway.idle()
  t.match(outcome, { kind: 'accepted', ref: '40000001/O' })
  t.match(
    reported(events).filter(({ ref }) => ref === '40000001/O'),
    [{ status: 'delivered', remember: { operator: 'O' } }]
  )
})

t.test('D0 is delivered for a message by O2, and an error by another', async t => {
  const { gateway, events, send } = await stand(t, { knobs: { reports: () => [{ status: 'D0' }] } })
  const status = (wanted: string) => reported(events).find(({ ref }) => ref === wanted)
  await send({ contact: '+421940000003' })
  await send({ contact: ORANGE })
  await gateway.idle()
  t.match(status('40000001/2'), { status: 'delivered' })
  t.match(status('40000002/O'), { status: 'error', reason: /Not delivered/ })
})

t.test('a report that overtakes the answer to the send is taken as any other', async t => {
  const { events, send } = await stand(t, { knobs: { reports: () => [{ status: 'D1', early: true }] } })
  t.match(await send(), { kind: 'accepted', ref: '40000001/O' })
  t.match(
    reported(events).find(({ ref }) => ref === '40000001/O'),
    { status: 'delivered' },
    'it is here when the send returns'
  )
})

t.test(
  'after a number has moved, the message and those after it go by the operator that is known now, or not at all',
  async t => {
    const { gateway, events, send, tools } = await stand(t, { knobs: { operators: new Map([[ORANGE, 'T']]) } })
    await send()
    await gateway.idle()
    const moved = reported(events).find(({ ref }) => ref === '40000001/O')
    t.match(moved, { status: 'returned', remember: { left: 'O' } })

    const memory = moved?.remember
    t.match(await send({ conversation: { lastIncoming: null, memory } }), {
      kind: 'rejected',
      reason: /moved to another/
    })
    const settings = { ...tools.settings, gateway: { ...tools.settings.gateway, defaultOperator: ['T'] } }
    const { default: channel } = await import('../src/channel.ts')
    const message = outgoing({ conversation: { lastIncoming: null, memory } })
    t.match(await channel.send(message, { ...tools, settings }), { kind: 'accepted', ref: '40000002/T' })
  }
)

t.test('a status without an id or with one that is none is 400', async t => {
  const { gateway, events } = await stand(t)
  t.match(await gateway.post('<message command="status"><status>D1</status></message>'), { status: 400 })
  t.match(await gateway.report('', 'D1'), { status: 400 })
  t.match(await gateway.report('4'.repeat(101), 'D1'), { status: 400 })
  t.same(events, [])
})

t.test('a status without a code is an error of its message', async t => {
  const { gateway, events } = await stand(t)
  t.match(await gateway.post('<message command="status"><id>4</id></message>'), { status: 200 })
  t.match(reported(events), [{ status: 'error' }, { status: 'error' }, { status: 'error' }, { status: 'error' }])
})
