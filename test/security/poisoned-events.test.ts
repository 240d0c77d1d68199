import { randomBytes } from 'node:crypto'
import type { GatewayEvent } from 'channel-kit/event'
import t from 'tap'
import { messages } from '../../src/postgres/schema/messages.ts'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { talkingHost, wrote } from '../conversation-fixture.ts'
import { until } from '../harness.ts'
import { taken } from '../scripted-channel.ts'

/** Reports of gateways, in whatever form a channel hands them on. */

/** Characters that no index can make small. */
const random = (length: number) => randomBytes(length).toString('base64').slice(0, length)

t.test('what is no event is left out of a call and named, and the gateway gets its reply', async t => {
  const { report, incoming, host, crm } = await talkingHost(t, taken)
  const wrong: unknown[] = [
    { ...wrote(random(12_000), '1') },
    { kind: 'status', ref: random(12_000), status: 'sent' },
    { kind: 'status', ref: 7, status: 'sent' },
    { kind: 'status', ref: 'r', status: 'perhaps' },
    { kind: 'nonsense' },
    null,
    'text',
    [],
    { ...wrote('m1', random(400)) },
    { ...wrote('m2', '1'), content: { text: 'no format' } },
    { ...wrote('m3', '1'), content: { text: 5, format: 'text' } },
    { ...wrote('m4', '1'), content: null },
    { ...wrote('m5', '1'), attachments: [{ name: 'a', uri: 'https://a.example/', type: 'video' }] },
    { ...wrote('m6', '1'), attachments: [{ uri: 'https://a.example/', type: 'image' }] },
    { ...wrote('m7', '1'), attachments: [{ name: 'a', type: 'image' }] },
    { ...wrote('m8', '1'), context: random(300_000) },
    { kind: 'renamed', from: '1', to: random(400) },
    { kind: 'note', name: random(800), value: 1 },
    { kind: 'answer', ref: 'a', contact: '1', content: { text: random(70_000), format: 'text' } },
    { kind: 'either', statuses: [{ kind: 'status', ref: random(600), status: 'sent' }] }
  ]
  await report(...([wrote('first', '1', 'first'), ...wrong, wrote('last', '1', 'last')] as GatewayEvent[]))
  await crm.waitFor(event => event.type === 'incoming' && event.message.content?.text === 'last')
  t.same(
    incoming().map(({ message }) => message.content?.text),
    ['first', 'last']
  )
  t.equal((await host.database.db.select().from(outbox)).length, 2)
})

t.test('a customer’s message that is too long for one is told in several, whole', async t => {
  const { report, incoming } = await talkingHost(t, taken)
  const words = `${'a'.repeat(65_535)}😀${'b'.repeat(70_000)}`
  const attachments = Array.from({ length: 60 }, (_, n) => ({
    name: `${n}${'x'.repeat(300)}.jpg`,
    uri: `https://files.example/${n}`,
    type: 'image' as const
  }))
  for (let twice = 0; twice < 2; twice += 1)
    await report({ ...wrote('long', '1', words), attachments }, wrote('next', '1', 'next'))
  await until('all to be told', async () => incoming().some(({ message }) => message.content?.text === 'next'))
  const pieces = incoming().slice(0, -1)
  t.equal(pieces.map(({ message }) => message.content?.text ?? '').join(''), words)
  t.ok(pieces.every(({ message }) => (message.content?.text ?? '').length <= 65_536))
  const files = pieces.flatMap(({ message }) => message.attachments)
  t.equal(files.length, 60)
  t.ok(files.every(({ name }) => name.length <= 255 && name.endsWith('xxxx.jpg') && name.includes('…')))
})

t.test('the same ref in two conversations is two messages, and in one it is one', async t => {
  const { report, incoming, host } = await talkingHost(t, taken)
  const answered = (contact: string) =>
    ({ kind: 'answer', ref: '17', contact, content: { text: `to ${contact}`, format: 'text' } }) as const
  for (let twice = 0; twice < 2; twice += 1) {
    await report(wrote('17', 'a', 'of a'), answered('a'))
    await report(wrote('17', 'b', 'of b'), answered('b'), wrote('17', 'c', 'of c'))
    await report(wrote('18', 'a', 'again of a'), wrote('18', 'b', 'again of b'))
  }
  await until('all to be told', async () => incoming().length >= 5)
  t.same(
    incoming()
      .map(({ message }) => message.content?.text)
      .sort(),
    ['again of a', 'again of b', 'of a', 'of b', 'of c']
  )
  t.equal((await host.database.db.select().from(outbox)).length, 5)
  const answers = await host.database.db.select().from(messages)
  t.same(answers.map(({ body }) => body.content?.text).sort(), ['to a', 'to b'])

  const runtime = await host.ready(1, new AbortController().signal)
  if (!runtime.ok) throw new Error(runtime.reason)
  const recalled = await runtime.value.tools.recall(['a', 'b', 'c'].map(contact => ({ contact, ref: '17' })))
  t.same(
    recalled.map(one => one?.content?.text),
    ['of a', 'of b', 'of c']
  )
})

t.test('only a verdict that says genuine is, and what is none is refused', async t => {
  const verdicts: unknown[] = [
    false,
    true,
    undefined,
    null,
    {},
    [],
    'genuine',
    { kind: 'invalid' },
    { kind: ['genuine'] },
    { kind: 'answer' },
    { kind: 'answer', reply: { status: 9 } },
    { kind: 'answer', reply: { status: 200, headers: { 'x-a': 'a\r\nx-b: b' } } },
    { kind: 'refused' }
  ]
  let verdict: unknown
  const { host, plugin } = await talkingHost(t, taken, {
    channel: {
      webhook: {
        bodyLimit: 1_000,
        verify: async () => verdict as never,
        receive: async () => ({ reply: { status: 200 }, events: [wrote('m', '1')] })
      }
    }
  })
  const { json } = await plugin.markdownPreview('webhook')
  const { markdown: webhook } = json as { markdown: string }
  for (verdict of verdicts) {
    const answer = await fetch(webhook, { method: 'POST', body: 'x' })
    t.equal(answer.status, 403, JSON.stringify(verdict))
    t.match(await answer.json(), { code: 403, message: 'The call could not be verified' })
  }
  t.same(await host.database.db.select().from(outbox), [])
  verdict = { kind: 'genuine' }
  t.equal((await fetch(webhook, { method: 'POST', body: 'x' })).status, 200)
  t.equal((await host.database.db.select().from(outbox)).length, 1)
})
