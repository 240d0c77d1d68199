import t from 'tap'
import { outgoing, stand, text } from './gateway-fixture.ts'

const LONG = `${'a'.repeat(150)} ${'b'.repeat(150)} ${'c'.repeat(100)}`
const [A, B, C] = ['a'.repeat(150), 'b'.repeat(150), 'c'.repeat(100)]

t.test('161 characters are two messages in one, and both are named', async t => {
  const { gateway, send } = await stand(t)
  t.match(await send(text('a'.repeat(161))), {
    kind: 'accepted',
    ref: '40000001/O',
    sent: [
      { part: 0, ref: '40000001/O' },
      { part: 1, ref: '40000002/O' }
    ],
    later: [
      {
        events: [
          { ref: '40000001/O', status: 'sent' },
          { ref: '40000002/O', status: 'sent' }
        ]
      }
    ]
  })
  t.match(
    gateway.received().map(({ text }) => text),
    [/^\(1\/2\) a{154}$/, /^\(2\/2\) a{7}$/]
  )
  t.match(gateway.requests, [{ objection: undefined }, { objection: undefined }])
})

t.test('71 characters with diacritics are two messages, or one without', async t => {
  const words = 'ž'.repeat(71)
  const written = await stand(t, { settings: { text: { transliterate: false } } })
  await written.send(text(words))
  t.match(
    written.gateway.received().map(({ text }) => text),
    [/^\(1\/2\) ž{64}$/, /^\(2\/2\) ž{7}$/]
  )
  const bare = await stand(t)
  await bare.send(text(words))
  t.match(bare.gateway.received(), [{ text: 'z'.repeat(71) }])
})

t.test('a long text is refused where the settings say so, and never cut', async t => {
  const { gateway, send } = await stand(t, { settings: { text: { overflow: ['reject'] } } })
  t.match(await send(text('a'.repeat(161))), { kind: 'rejected', reason: /would take 2/ })
  t.match(await send(text('a'.repeat(160))), { kind: 'accepted', sent: undefined })
  t.equal(gateway.requests.length, 1)
})

t.test('a text of more parts than anybody reads is refused', async t => {
  const { gateway, send } = await stand(t)
  t.match(await send(text('a'.repeat(5_000))), { kind: 'rejected', reason: /33 SMS, which is too many/ })
  t.same(gateway.requests, [])
})

t.test('parts that got through are kept by every way to fail, and the others are the same ones later', async t => {
  for (const [fault, kind] of [
    [{ kind: 'status', code: 500 }, 'retry'],
    [{ kind: 'status', code: 429 }, 'throttled'],
    [{ kind: 'status', code: 400 }, 'rejected'],
    [{ kind: 'drop' }, 'unknown']
  ] as const) {
    const { gateway, send } = await stand(t)
    gateway.fail({ kind: 'delay', ms: 0 }, fault)
    t.match(
      await send(text(LONG)),
      {
        kind,
        sent: [{ part: 0, ref: '40000001/O' }],
        progress: { texts: [`(1/3) ${A}`, `(2/3) ${B}`, `(3/3) ${C}`] }
      },
      kind
    )
  }
})

t.test('part: encryption that fails between two parts surely sent nothing, so the rest is tried again', async t => {
  let calls = 0
  const fetch: typeof globalThis.fetch = async (input, init) => {
    calls += 1
    return globalThis.fetch(calls === 1 ? input : String(input).replace('http:', 'https:'), init)
  }
  const { gateway, send } = await stand(t, { tools: { fetch } })
  t.match(await send(text(LONG)), { kind: 'retry', sent: [{ part: 0, ref: '40000001/O' }] })
  t.equal(gateway.received().length, 1)
})

t.test('a retry sends only what did not get through, and names all in the end', async t => {
  const { gateway, send } = await stand(t)
  gateway.fail({ kind: 'delay', ms: 0 }, { kind: 'status', code: 503 })
  const first = await send(text(LONG))
  const { sent = [], progress = null } = first.kind === 'retry' ? first : {}
  gateway.fail({ kind: 'delay', ms: 0 }, { kind: 'status', code: 503 })
  const second = await send({ ...text(LONG), attempt: 2, sent, progress })
  t.match(second, { kind: 'retry', sent: [{ part: 1, ref: '40000002/O' }] })
  const both = [...sent, ...(second.kind === 'retry' ? (second.sent ?? []) : [])]
  // A change of the settings meanwhile does not change how the text was split.
  t.match(await send({ ...text('another text'), attempt: 3, sent: both, progress }), {
    kind: 'accepted',
    ref: '40000001/O',
    sent: [
      { part: 0, ref: '40000001/O' },
      { part: 1, ref: '40000002/O' },
      { part: 2, ref: '40000003/O' }
    ]
  })
  t.same(
    gateway.received().map(({ text }) => text),
    [`(1/3) ${A}`, `(2/3) ${B}`, `(3/3) ${C}`]
  )
})

t.test('a gateway that is slow gets the rest with the next attempt', async t => {
  let clock = 0
  const now = () => {
    clock += 20_000
    return new Date(clock)
  }
  const { gateway, send } = await stand(t, { tools: { now } })
  t.match(await send(text(LONG)), { kind: 'retry', afterMs: 0, sent: [{ part: 0 }] })
  t.equal(gateway.requests.length, 1)
})

t.test('a progress of another make is no progress', async t => {
  const { gateway, send } = await stand(t)
  for (const progress of [undefined, 7, { texts: [1] }, { texts: 'a' }])
    t.match(await send(outgoing({ progress })), { kind: 'accepted' })
  t.match(gateway.received().at(-1), { text: 'PONG' })
})
