import type { Outcome, Outgoing } from 'channel-kit/outcome'
import t from 'tap'
import { replayMessages } from '../../src/messages/replay.ts'
import { messageParts } from '../../src/postgres/schema/messages.ts'
import { talkingHost } from '../conversation-fixture.ts'
import { until } from '../harness.ts'

const parts = (...refs: string[]) => refs.map((ref, part) => ({ part, ref }))
const status = (ref: string, status: 'sent' | 'delivered' | 'read' | 'error') =>
  ({ kind: 'status', ref, status }) as const

/** A gateway that takes a message in as many parts as were named. */
const inParts =
  (...refs: string[]) =>
  async (): Promise<Outcome> => ({ kind: 'accepted', ref: refs[0] ?? '', sent: parts(...refs) })

t.test('what got through, and what an attempt left, is handed to the next one', async t => {
  const outcomes: Outcome[] = [
    { kind: 'retry', reason: 'closed', sent: parts('a'), progress: { upload: 'nul \0 \ud800' } },
    { kind: 'throttled', reason: 'too fast', afterMs: 20, sent: [{ part: 1, ref: 'b' }] },
    { kind: 'unknown', reason: 'silence', awaitMs: 20, progress: null },
    { kind: 'accepted', ref: 'a', sent: parts('a', 'b', 'c') }
  ]
  const { post, reach, script } = await talkingHost(t, async () => outcomes.shift() as Outcome)
  const row = await reach(await post('1', 'long'), 'accepted')

  t.same(
    script.handed.map(({ attempt, sent, progress }) => ({ attempt, sent, progress })),
    [
      { attempt: 1, sent: [], progress: null },
      { attempt: 2, sent: parts('a'), progress: { upload: 'nul \0 \ud800' } },
      { attempt: 2, sent: parts('a', 'b'), progress: { upload: 'nul \0 \ud800' } },
      { attempt: 3, sent: parts('a', 'b'), progress: null }
    ]
  )
  t.match(row, { ref: 'a', attempts: 3, progress: null })
})

t.test('a message in parts is as far as the least of them', async t => {
  const { post, reach, report, heard, row } = await talkingHost(t, inParts('a', 'b'))
  const id = await post('1', 'long')
  await reach(id, 'accepted')
  await report(status('a', 'read'), status('b', 'sent'), status('a', 'sent'))
  t.same(await heard(id, 1), ['sent'])
  await report(status('b', 'read'), status('b', 'delivered'))
  t.same(await heard(id, 2), ['sent', 'read'])
  t.match((await row(id))?.story, [
    { kind: 'attempt' },
    { kind: 'status', status: 'read', part: 0 },
    { kind: 'status', status: 'sent', part: 1 },
    { kind: 'status', status: 'read', part: 1 }
  ])
})

t.test('a message in parts is in error as soon as one is, unless that one was delivered', async t => {
  const gateway = { send: inParts('a', 'b') }
  const { post, reach, report, heard, row, plugin } = await talkingHost(t, () => gateway.send())
  const failed = await post('1', 'fails')
  await reach(failed, 'accepted')
  gateway.send = inParts('c', 'd')
  const fine = await post('1', 'is fine')
  await reach(fine, 'accepted')

  await report({ ...status('b', 'error'), reason: 'no such picture' }, status('a', 'read'), status('b', 'read'))
  await report(status('c', 'delivered'), status('c', 'error'), status('d', 'delivered'))
  t.same(await heard(failed, 1), ['error'])
  t.same(await heard(fine, 1), ['delivered'])
  t.match(await row(failed), { status: 'error', reason: 'no such picture' })
  t.same(plugin.statuses(failed), ['error'])
})

t.test('a status of a part is not lost that comes before the part is known', async t => {
  const { post, report, heard, script, row } = await talkingHost(t, async ({ attempt }: Outgoing) => {
    if (attempt === 1) return { kind: 'retry', reason: 'half of it', sent: parts('a') }
    return inParts('a', 'b')()
  })
  await report(status('a', 'delivered'), status('b', 'read'))
  const id = await post('1', 'long')
  t.same(await heard(id, 1), ['delivered'])
  t.equal(script.handed.length, 2)
  t.match(await row(id), { state: 'accepted', status: 'delivered' })
})

t.test('a message that is replayed is sent without the parts that got through', async t => {
  const gateway: { send: () => Promise<Outcome> } = { send: inParts('a', 'b', 'c') }
  const { host, post, reach, report, heard, script, plugin } = await talkingHost(t, () => gateway.send())
  const id = await post('1', 'long')
  const { id: own } = await reach(id, 'accepted')
  await report(status('a', 'delivered'), status('b', 'error'))
  await heard(id, 1)

  gateway.send = async () => ({ kind: 'accepted', ref: 'a', sent: [{ part: 1, ref: 'b2' }] })
  await replayMessages(host.database, [own], new Date())
  await until('it to be sent again', async () => script.handed.length === 2)
  t.same(script.handed[1]?.sent, [
    { part: 0, ref: 'a' },
    { part: 2, ref: 'c' }
  ])
  await reach(id, 'accepted')
  await report(status('b2', 'delivered'), status('c', 'delivered'))
  await heard(id, 2)
  t.same(plugin.statuses(id), ['error', 'delivered'])
})

t.test('a message that the gateway takes whole is kept as before, in no other table', async t => {
  const { db, post, reach } = await talkingHost(t, async ({ content }) =>
    content?.text === 'named' ? { kind: 'accepted', ref: 'one', sent: parts('one') } : { kind: 'accepted', ref: 'two' }
  )
  t.match(await reach(await post('1', 'named'), 'accepted'), { ref: 'one', inParts: false })
  t.match(await reach(await post('1', 'plain'), 'accepted'), { ref: 'two', inParts: false })
  t.equal(await db.$count(messageParts), 0)
})

t.test('what cannot be kept is no outcome, and harms only its message', async t => {
  const { post, reach } = await talkingHost(t, async ({ content }) => {
    if (content?.text === 'fine') return { kind: 'accepted', ref: 'fine' }
    const circle: { self?: unknown } = {}
    circle.self = circle
    return content?.text === 'circle'
      ? { kind: 'retry', reason: 'no', progress: circle }
      : { kind: 'accepted', ref: 'x', sent: [{ part: -1, ref: 'x' }] }
  })
  for (const words of ['circle', 'minus'])
    t.match(await reach(await post(words, words), 'failed'), { reason: /no outcome/ })
  await reach(await post('1', 'fine'), 'accepted')
})
