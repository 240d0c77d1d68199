import type { Outcome, Outgoing } from 'channel-kit/outcome'
import t from 'tap'
import { replayMessages } from '../../src/messages/replay.ts'
import { talkingHost } from '../conversation-fixture.ts'
import { until } from '../harness.ts'

/** Ways that gateways and channels find for what came back. */

const status = (ref: string, status: 'delivered' | 'returned', more: object = {}) =>
  ({ kind: 'status', ref, status, ...more }) as const

/** A gateway that names messages by their attempts. */
const byAttempt = async ({ attempt }: Outgoing): Promise<Outcome> => ({ kind: 'accepted', ref: `ref${attempt}` })

t.test('a part goes by each way once, and a send is told of all that came back', async t => {
  const { post, reach, report, heard, script, row } = await talkingHost(t, byAttempt)
  const id = await post('1', 'hello')
  for (const [attempt, way] of ['template', 'document', undefined].entries()) {
    await until(`attempt ${attempt + 1}`, async () => script.handed.length === attempt + 1)
    await reach(id, 'accepted')
    await report(status(`ref${attempt + 1}`, 'returned', way ? { way, reason: 'no' } : {}))
  }
  await until('the last attempt', async () => script.handed.length === 4)
  t.equal(script.handed[0]?.returned, undefined)
  const ways = ['template', 'document', ''].map(way => ({ part: 0, way }))
  t.same(script.handed[3]?.returned, ways)
  await reach(id, 'accepted')
  await report(status('ref4', 'returned', { way: 'template' }))
  t.same(await heard(id, 1), ['error'])
  t.match((await row(id))?.story, [{}, { kind: 'returned', ref: 'ref1', reason: 'no', way: 'template' }])
})

t.test('what comes back waits for as long as it should, and so does what is behind it', async t => {
  const { post, reach, report, script, row } = await talkingHost(t, byAttempt)
  const id = await post('1', 'hello')
  await reach(id, 'accepted')
  const before = Date.now()
  await report(status('ref1', 'returned', { afterMs: 700 }))
  await post('1', 'behind it')
  t.ok(Number((await row(id))?.dueAt) >= before + 700)
  await until('all of them', async () => script.handed.length === 3)
  t.ok(Date.now() >= before + 700)
  t.same(script.texts(), ['hello', 'hello', 'behind it'])
})

t.test('what comes back before its send has returned, and names its message, is no error', async t => {
  const gate = Promise.withResolvers<void>()
  const { post, report, heard, script, reach } = await talkingHost(t, async ({ attempt }) => {
    if (attempt === 1) await gate.promise
    return { kind: 'accepted', ref: `ref${attempt}` }
  })
  const id = await post('1', 'hello')
  const [first] = await until('the send', async () => (script.handed.length > 0 ? script.handed : undefined))
  const message = { id: first?.id ?? '', part: 0 }
  await report(status('ref1', 'returned', { message, way: 'template', afterMs: 1 }))
  gate.resolve()
  await until('the second send', async () => script.handed.length === 2)
  t.same(script.handed[1]?.returned, [{ part: 0, way: 'template' }])
  await reach(id, 'accepted')
  await report(status('ref2', 'delivered'))
  t.same(await heard(id, 1), ['delivered'])
})

t.test('a replay goes by every way once more', async t => {
  const { post, reach, report, heard, script, db, row } = await talkingHost(t, byAttempt)
  const id = await post('1', 'hello')
  await reach(id, 'accepted')
  await report(status('ref1', 'returned', { way: 'a' }))
  await until('the second send', async () => script.handed.length === 2)
  await reach(id, 'accepted')
  await report(status('ref2', 'returned', { way: 'a' }))
  t.same(await heard(id, 1), ['error'])
  t.equal(await replayMessages({ db }, [(await row(id))?.id ?? 0], new Date()), 1)
  await until('the replay', async () => script.handed.length === 3)
  t.equal(script.handed[2]?.returned, undefined)
})

t.test('a way is stored whatever letters it has', async t => {
  const { post, reach, report, script } = await talkingHost(t, byAttempt)
  const id = await post('1', 'hello')
  await reach(id, 'accepted')
  await report(status('ref1', 'returned', { way: 'a\0b\ud800' }))
  await until('the second send', async () => script.handed.length === 2)
  t.match(script.handed[1]?.returned, [{ part: 0, way: /^a.*b/ }])
})
