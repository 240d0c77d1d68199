import type { GatewayEvent } from 'channel-kit/event'
import type { Outcome, Outgoing } from 'channel-kit/outcome'
import t from 'tap'
import { Value } from 'typebox/value'
import echo from '../src/channel.ts'
import { Options } from '../src/options.ts'
import { Settings } from '../src/settings.ts'

type Tools = Parameters<typeof echo.send>[1]
type Main = Tools['settings']['main']

t.test('a message comes back in its wrapping, after the statuses of its way', async t => {
  t.same(await send({}, { prefix: '<', suffix: '>', delay: 2 }), {
    kind: 'accepted',
    ref: 'echo-7',
    later: [
      { afterMs: 2_000, events: [{ kind: 'status', ref: 'echo-7', status: 'sent' }] },
      { afterMs: 4_000, events: [{ kind: 'status', ref: 'echo-7', status: 'delivered' }] },
      { afterMs: 6_000, events: [{ kind: 'status', ref: 'echo-7', status: 'read' }] },
      {
        afterMs: 8_000,
        events: [
          {
            kind: 'message',
            ref: 'echo-7-reply',
            contact: '+5511',
            subject: null,
            content: { text: '<hello>', format: 'text' },
            attachments: []
          }
        ]
      }
    ]
  })
})

t.test('the delay is 0 to 10 seconds, counted once for each step', async t => {
  for (const [delay, steps] of [
    [0, [0, 0, 0, 0]],
    [1, [1_000, 2_000, 3_000, 4_000]],
    [10, [10_000, 20_000, 30_000, 40_000]],
    [undefined, [0, 0, 0, 0]]
  ] as const) {
    const { later = [] } = await send({}, { prefix: '', suffix: '', ...(delay === undefined ? {} : { delay }) })
    t.same(
      later.map(({ afterMs }) => afterMs),
      steps
    )
  }
  for (const [delay, valid] of [
    [0, true],
    [10, true],
    [-1, false],
    [11, false],
    [1.5, false],
    ['3', false]
  ] as const)
    t.equal(Value.Check(Settings, { main: { prefix: '', suffix: '', delay } }), valid, String(delay))
})

t.test('a text with the word error, in any case and even in its wrapping, ends in that status', async t => {
  for (const [text, main] of [
    ['an error', {}],
    ['ERROR', {}],
    ['terrOrs', {}],
    ['fine', { prefix: 'Error: ' }],
    ['er', { suffix: 'ror' }]
  ] as const) {
    const outcome = await send({ content: { text, format: 'text' } }, { prefix: '', suffix: '', delay: 3, ...main })
    t.same(outcome.later, [{ afterMs: 3_000, events: [{ kind: 'status', ref: 'echo-7', status: 'error' }] }], text)
  }
})

t.test('subject, format and attachments come back as they were', async t => {
  const message = {
    subject: 'About it',
    content: { text: '**hi**', format: 'markdown' },
    attachments: [
      { name: 'a.png', uri: 'https://example.com/a.png', type: 'image' },
      { name: '', uri: '', type: 'voice' }
    ]
  } as const
  t.match(await reply(message), { ...message, content: { text: '«**hi**»', format: 'markdown' } })

  const { attachments } = message
  t.match(await reply({ content: null, attachments }), { content: { text: '«»', format: 'text' }, attachments })
})

t.test('the same message has the same name at every attempt', async t => {
  t.ok(echo.dedupes)
  const [first, second] = [await send({ attempt: 1 }), await send({ attempt: 2 })]
  t.same(first, second)
  t.not((await send({ id: '8' })).ref, first.ref)
})

t.test('a form that was never saved has the wrapping and the delay of the example', async t => {
  t.same(Value.Create(Settings), { main: { prefix: 'Reply to your message: «', suffix: '»' } })
  t.match(Settings.properties.main.properties.delay, { default: 3 })
})

t.test('its capabilities are what the operator says', async t => {
  const everything = Value.Create(Options) as Options
  t.same(echo.capabilities(everything), {
    contactType: 'phone',
    subject: true,
    typing: false,
    formats: ['text', 'markdown', 'html'],
    incoming: true,
    outgoing: true,
    writeFirst: true,
    statuses: ['sent', 'delivered', 'read', 'error'],
    attachments: ['file', 'image', 'voice']
  })
  t.match(
    echo.capabilities({
      contactType: 'email',
      subject: '0',
      formats: 'html',
      incoming: '0',
      outgoing: '0',
      writeFirst: '0',
      attachments: ''
    }),
    {
      contactType: 'email',
      subject: false,
      formats: ['html'],
      incoming: false,
      outgoing: false,
      writeFirst: false,
      attachments: []
    }
  )
  for (const wrong of [{ subject: 'yes' }, { formats: 'text pdf' }, { attachments: 'file,image' }, { contactType: '' }])
    t.notOk(Value.Check(Options, { ...everything, ...wrong }), JSON.stringify(wrong))
})

async function send(change: Partial<Outgoing> = {}, main: Main = { prefix: '«', suffix: '»', delay: 0 }) {
  const message: Outgoing = {
    id: '7',
    attempt: 1,
    contact: '+5511',
    address: '+5511',
    subject: null,
    content: { text: 'hello', format: 'text' },
    attachments: [],
    sent: [],
    progress: null,
    conversation: { lastIncoming: null, memory: null },
    ...change
  }
  const outcome: Outcome = await echo.send(message, { settings: { main } } as Tools)
  if (outcome.kind !== 'accepted') throw new Error(`the echo was ${outcome.kind}`)
  return outcome
}

async function reply(change: Partial<Outgoing>): Promise<GatewayEvent | undefined> {
  const { later = [] } = await send(change)
  return later.at(-1)?.events[0]
}
