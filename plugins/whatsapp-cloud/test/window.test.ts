import { record } from 'channel-kit/json'
import t from 'tap'
import { graphFault } from '../simulator/faults.ts'
import { storage } from './samples.ts'
import { type Change, eventsIn, registered, settingsOf } from './tools.ts'

const FALLBACK: Change = { window: { fallbackTemplate: ['continue_conversation/en_US'] } }
const HOUR_MS = 3_600_000
const NOON = new Date('2026-10-01T12:00:00Z').getTime()

t.test('within 24 hours anything goes', async t => {
  const { gateway, send } = await registered(t, { change: FALLBACK, state: { window: 'sync' } })
  gateway.state.lastIncoming.set('5511987654321', new Date(NOON - 23 * HOUR_MS))
  t.match(await send({ conversation: wrote(23.9) }), { kind: 'accepted' })
  t.match(gateway.state.messages, [{ body: { type: 'text' } }])
})

t.test('after that the template of the admin carries the text, and the story of the message says so', async t => {
  const { gateway, send } = await registered(t, { change: FALLBACK })
  const text = `Hi **there**,\n\n\ttwo  words${' and more'.repeat(200)}`
  const outcome = await send({ conversation: wrote(24), content: { text, format: 'markdown' } })
  const [message] = gateway.state.messages
  t.match(eventsIn(outcome), [
    { kind: 'note', name: 'template:continue_conversation:en_US' },
    { kind: 'status', ref: message?.wamid, status: 'sent', reason: /Sent by the template continue_conversation/ }
  ])
  const shown = gateway.received()[0]?.text ?? ''
  t.match(shown, /^There is an answer for you: Hi there, two words and more .*… Write to us to go on\.$/)
  t.equal(shown.length, 1_024)

  await send({ conversation: wrote(24), content: { text: '/reply\n**Yes**', format: 'markdown' } })
  t.match(
    gateway.received()[1],
    { text: 'There is an answer for you: Yes Write to us to go on.' },
    'there is nothing to quote'
  )
})

t.test('without one the message ends in an error that says why', async t => {
  const { gateway, send } = await registered(t)
  t.match(await send({ conversation: wrote(25) }), {
    kind: 'rejected',
    reason: /not written for 24 hours, and no template/
  })
  t.same(gateway.state.calls, [])
})

t.test('who never wrote to us is written to by the template, or else Meta decides', async t => {
  const { gateway, send } = await registered(t, { change: FALLBACK })
  t.match(await send(), { kind: 'accepted' })
  t.match(gateway.state.messages, [{ body: { type: 'template' } }])

  const other = await registered(t, { state: { window: 'sync' } })
  t.match(await other.send(), { kind: 'rejected', reason: /24 hours: only a template.*#131047/ })
  other.gateway.state.lastIncoming.set('5511987654321', new Date(NOON))
  t.match(await other.send(), { kind: 'accepted' }, 'they may have written before we were there')
})

t.test('when Meta says that the window is closed the template goes instead, at once and after a wait', async t => {
  const { gateway, send, goOn } = await registered(t, { change: FALLBACK, state: { window: 'sync' } })
  t.match(await send({ conversation: wrote(1) }), { kind: 'accepted' })
  t.match(gateway.state.messages, [{ body: { type: 'template' } }])

  gateway.faults.add('messages', graphFault(400, 131047), graphFault(500, 131016))
  const halted = await send({ conversation: wrote(1) })
  t.match(halted, { kind: 'retry' })
  t.match(await goOn({ conversation: wrote(1) }, halted), { kind: 'accepted' })
  t.equal(gateway.state.calls.filter(({ body }) => record(body).type === 'text').length, 2)
})

t.test('what comes back since the window is closed goes by the template, whatever else of it is at Meta', async t => {
  const { gateway, send } = await registered(t, { change: FALLBACK })
  const returned = [{ part: 0, way: 'template' }]
  const content = { text: 'Some words. '.repeat(500), format: 'text' } as const
  const outcome = await send({ content, conversation: wrote(1), returned, sent: [{ part: 1, ref: 'wamid.OLD' }] })
  const [message] = gateway.state.messages
  t.match(gateway.state.messages, [{ body: { type: 'template', biz_opaque_callback_data: '7:9000' } }])
  t.equal(gateway.state.messages.length, 1)
  t.match(outcome, {
    kind: 'accepted',
    ref: message?.wamid,
    sent: [
      { part: 1, ref: 'wamid.OLD' },
      { part: 9_000, ref: message?.wamid }
    ]
  })
  t.match(eventsIn(outcome).at(-1), { kind: 'status', ref: message?.wamid, reason: /Sent by the template/ })

  const sent = [{ part: 9_000, ref: 'wamid.T' }]
  t.match(await send({ content, conversation: wrote(1), returned, sent }), { kind: 'accepted', sent })
  t.equal(gateway.state.messages.length, 1, 'the other part comes back too, and is in the template already')
})

t.test('reactions and notes of our own open no window', async t => {
  const { gateway, send } = await registered(t, { change: FALLBACK })
  const aside = { ref: 'wamid.R', at: new Date(NOON), context: { opens: false } }
  const opened = (hours: number) => ({ opened: new Date(NOON - hours * HOUR_MS).toISOString() })
  for (const [memory, type] of [
    [null, 'template'],
    [opened(25), 'template'],
    [opened(2), 'text'],
    [{ opened: 'no time' }, 'template']
  ] as const) {
    t.match(await send({ conversation: { lastIncoming: aside, memory } }), { kind: 'accepted' })
    t.equal(gateway.state.messages.at(-1)?.body.type, type, JSON.stringify(memory))
  }
})

t.test('files go along with the template as its header, or as links that are never cut', async t => {
  const picture = {
    name: 'picture',
    language: 'sk',
    status: 'APPROVED',
    components: [
      { type: 'HEADER', format: 'IMAGE' },
      { type: 'BODY', text: 'New: {{text}}' }
    ],
    parameter_format: 'NAMED'
  }
  const { gateway, tools, send } = await registered(t, { change: FALLBACK })
  gateway.state.templates.push(picture)
  const { attach } = await storage(t)
  const attachments = [attach('a.pdf'), attach('a.png', 'image')]
  const text = 'x'.repeat(2_000)
  const message = { attachments, conversation: wrote(30), content: { text, format: 'text' } as const }
  const [pdf, png] = attachments.map(({ uri }) => uri)
  t.match(await send(message), { kind: 'accepted' })
  t.match(gateway.received()[0]?.text, new RegExp(`x… ${pdf} ${png} Write`))
  t.equal(gateway.received()[0]?.text.length, 1_024)
  t.match(await send({ ...message, content: null }), { kind: 'accepted' })
  t.match(gateway.received()[1]?.text, `for you: ${pdf} ${png} Write`)

  const window = { fallbackTemplate: ['picture/sk'], fallbackParameter: 'text' }
  tools.settings = settingsOf(gateway.settings.account, { window })
  t.match(await send(message), { kind: 'accepted' })
  t.match(gateway.state.messages.at(-1)?.body.template, {
    language: { code: 'sk' },
    components: [
      { type: 'header', parameters: [{ type: 'image', image: { id: String } }] },
      { type: 'body', parameters: [{ parameter_name: 'text', text: new RegExp(`^x+… ${pdf}$`) }] }
    ]
  })
  t.match(await send({ ...message, attachments: [] }), {
    kind: 'rejected',
    reason: /needs a file for its header: image/
  })
})

t.test('a template that cannot carry a text says so', async t => {
  const { gateway, tools, send } = await registered(t, { change: FALLBACK })
  const wrong = (name: string, text: string, more: object[] = []) => ({
    name,
    language: 'en_US',
    status: 'APPROVED',
    components: [{ type: 'BODY', text }, ...more]
  })
  gateway.state.templates.push(
    wrong('none', 'Hello'),
    wrong('two', '{{1}} {{2}}'),
    wrong('head', '{{1}}', [{ type: 'HEADER', format: 'TEXT', text: '{{1}}' }])
  )
  for (const [key, reason] of [
    ['none/en_US', /none has no parameter that could carry the text/],
    ['two/en_US', /two needs more than a text/],
    ['head/en_US', /head needs more than a text/],
    ['gone/en_US', /^The customer has not written for 24 hours: only a template can be sent. There is no template gone/]
  ] as const) {
    tools.settings = settingsOf(gateway.settings.account, { window: { fallbackTemplate: [key] } })
    t.match(await send({ conversation: wrote(30) }), { kind: 'rejected', reason }, key)
  }
})

t.test('a template that an agent names is sent whatever the window', async t => {
  const { gateway, send } = await registered(t, { state: { window: 'sync' } })
  const content = { text: '/template continue_conversation en_US | Hi', format: 'text' } as const
  t.match(await send({ content, conversation: wrote(100) }), { kind: 'accepted' })
  t.match(gateway.received(), [{ text: 'There is an answer for you: Hi Write to us to go on.' }])
})

function wrote(hours: number) {
  return {
    lastIncoming: { ref: 'wamid.IN', at: new Date(NOON - hours * HOUR_MS), context: { opens: true } },
    memory: null
  }
}
