import type { Outcome } from 'channel-kit/outcome'
import t, { type Test } from 'tap'
import { type Change, context, NOBODY, ORANGE, type outgoing, stand, text } from './gateway-fixture.ts'

const HOUR_MS = 3_600_000

/** A conversation in which the customer wrote the first message of the gateway. */
const answering = (at = new Date(), more = {}) => ({
  conversation: { lastIncoming: { ref: '30000001', at, context: { ...context, ...more } }, memory: null }
})

t.test('an answer is a reply, to the byte', async t => {
  const { gateway, send } = await stand(t)
  await gateway.deliver({ from: ORANGE, content: 'PING' })
  const outcome = await send(answering())
  t.same(outcome, {
    kind: 'accepted',
    ref: '40000001/O',
    later: [{ afterMs: 0, events: [{ kind: 'status', ref: '40000001/O', status: 'sent' }] }]
  })
  const [request] = gateway.requests
  t.equal(
    request?.raw,
    '<?xml version="1.0" encoding="UTF-8"?>\n<message command="send"><serv_id>1700</serv_id><project_id>70</project_id><rcv_msg_id>30000001</rcv_msg_id><from>8800</from><to>+421905000002</to><billkey>AZ19</billkey><content>PONG</content><content_coding>text</content_coding><esm>0</esm><dcs>0</dcs><expiration>100</expiration><operator_type>O</operator_type></message>\n'
  )
  t.equal(request?.objection, undefined)
  t.equal(request?.headers['content-type'], 'text/xml; charset=UTF8')
  t.equal(request?.headers.authorization, undefined)
})

t.test('a first message is a push, with empty elements and a longer life', async t => {
  const { gateway, send } = await stand(t)
  t.match(await send(), { kind: 'accepted', ref: '40000001/O' })
  t.match(gateway.requests[0]?.raw, '<project_id></project_id><rcv_msg_id></rcv_msg_id><from>8800</from>')
  t.match(gateway.requests[0]?.fields, { serv_id: '1700', expiration: '600', operator_type: 'O' })
  t.equal(gateway.requests[0]?.objection, undefined)
})

t.test('a message is a reply as long as the window of the settings is open', async t => {
  const rcvMsgId = async (hoursAgo: number, replyWindow?: number) => {
    const now = new Date()
    const gateway = replyWindow === undefined ? {} : { replyWindow }
    const { gateway: fake, send } = await stand(t, { settings: { gateway }, tools: { now: () => now } })
    await fake.deliver({ from: ORANGE, content: 'PING' })
    await send(answering(new Date(now.getTime() - hoursAgo * HOUR_MS)))
    return fake.requests[0]?.fields.rcv_msg_id
  }
  t.equal(await rcvMsgId(23.9), '30000001')
  t.equal(await rcvMsgId(24), '')
  t.equal(await rcvMsgId(1.9, 2), '30000001')
  t.equal(await rcvMsgId(2, 2), '')
  t.equal(await rcvMsgId(0, 0), '')
})

t.test('a reply goes by the operator, project and number of what it answers', async t => {
  const { gateway, send } = await stand(t)
  const fields = { operator_type: 'S', project_id: '71', to: '8801', serv_id: '1701' }
  await gateway.deliver({ from: ORANGE, content: 'PING', fields })
  await send(answering(new Date(), { operator: 'S', projectId: '71', shortNumber: '8801', servId: '1701' }))
  t.match(gateway.requests[0]?.fields, { operator_type: 'S', project_id: '71', from: '8801', serv_id: '1701' })
  t.equal(gateway.requests[0]?.objection, undefined)
})

t.test('a context of another make makes a push', async t => {
  const { gateway, send } = await stand(t)
  const conversation = { lastIncoming: { ref: '30000001', at: new Date(), context: null }, memory: null }
  t.match(await send({ conversation }), { kind: 'accepted' })
  t.equal(gateway.requests[0]?.fields.rcv_msg_id, '')
})

t.test('only Slovak mobile numbers of an operator that can be told are sent to', async t => {
  const { gateway, send } = await stand(t)
  for (const contact of ['+420902333444', 'somegibberish', '+421212345678'])
    t.match(await send({ contact }), { kind: 'rejected', reason: /not a Slovak mobile number/ }, contact)
  t.match(await send({ contact: NOBODY }), { kind: 'rejected', reason: /no default operator/ })
  t.same(gateway.requests, [])
  t.match(await send({ contact: '0905 000 002' }), { kind: 'accepted' })
  t.equal(gateway.requests[0]?.fields.to, ORANGE)
})

t.test(
  'a number that the CRM writes in another way than the gateway is named once, so that answers find its chat',
  async t => {
    const { send } = await stand(t)
    const renamed = async (change: Parameters<typeof send>[0]) => {
      const outcome = await send(change)
      const events = outcome.kind === 'accepted' ? (outcome.later ?? []).flatMap(({ events }) => events) : []
      return events.filter(({ kind }) => kind === 'renamed')
    }
    const contact = '0905 000 002'
    t.same(await renamed({ contact }), [{ kind: 'renamed', from: contact, to: ORANGE }])
    t.same(await renamed({ contact, address: ORANGE }), [], 'once it is known it is no news')
    t.same(await renamed({ contact: ORANGE.slice(1) }), [], 'nor is it without a plus')
  }
)

t.test('a default operator helps where the prefix does not', async t => {
  const { send } = await stand(t, { settings: { gateway: { defaultOperator: ['T'] } } })
  t.match(await send({ contact: NOBODY }), { kind: 'accepted', ref: '40000001/T' })
  t.match(await send({ contact: NOBODY, conversation: { lastIncoming: null, memory: { operator: '2' } } }), {
    ref: '40000002/2'
  })
})

t.test('a token is shown only to a gateway that it was configured for', async t => {
  const { gateway, send } = await stand(t, { knobs: { bearer: 'secret' } })
  t.match(await send(), { kind: 'accepted' })
  t.equal(gateway.requests[0]?.headers.authorization, 'Bearer secret')
})

t.test('a token is neither sent where it cannot be nor told to anybody', async t => {
  const { gateway, send } = await stand(t, {
    knobs: { bearer: 'secret' },
    settings: { gateway: { bearer: ' secret\n' } }
  })
  t.match(await send(), { kind: 'accepted' })
  t.equal(gateway.requests[0]?.headers.authorization, 'Bearer secret')

  const wrong = await stand(t, { settings: { gateway: { bearer: 'sec\nret' } } })
  const outcome = await wrong.send()
  t.match(outcome, { kind: 'retry', afterMs: 60_000 })
  t.notMatch(JSON.stringify([outcome, wrong.logged]), /sec/)
  t.same(wrong.gateway.requests, [])
})

t.test('any answer with an id is an acknowledgement, whatever its command', async t => {
  const { send } = await stand(t, { knobs: { answerCommand: 'rcv_rsp' } })
  t.match(await send(), { kind: 'accepted', ref: '40000001/O' })
})

t.test('every answer of the gateway has its outcome', async t => {
  const { gateway, send } = await stand(t)
  for (const [fault, outcome] of [
    [{ kind: 'no-id' }, { kind: 'rejected', reason: /Refused.*200.*refused/ }],
    [{ kind: 'not-xml' }, { kind: 'unknown', reason: /200: OK/ }],
    [
      { kind: 'status', code: 400 },
      { kind: 'rejected', reason: /400/ }
    ],
    [{ kind: 'status', code: 413 }, { kind: 'rejected' }],
    [
      { kind: 'status', code: 401 },
      { kind: 'retry', afterMs: 60_000 }
    ],
    [
      { kind: 'status', code: 403 },
      { kind: 'retry', afterMs: 60_000 }
    ],
    [
      { kind: 'status', code: 404 },
      { kind: 'retry', afterMs: 60_000 }
    ],
    [
      { kind: 'status', code: 302 },
      { kind: 'retry', afterMs: 60_000 }
    ],
    [
      { kind: 'status', code: 408 },
      { kind: 'retry', reason: /408/ }
    ],
    [
      { kind: 'status', code: 429 },
      { kind: 'throttled', afterMs: 10_000 }
    ],
    [
      { kind: 'status', code: 429, retryAfter: 3 },
      { kind: 'throttled', afterMs: 3_000 }
    ],
    [
      { kind: 'status', code: 500 },
      { kind: 'retry', reason: /500/ }
    ],
    [{ kind: 'status', code: 503 }, { kind: 'retry' }],
    [{ kind: 'status', code: 504 }, { kind: 'unknown' }],
    [{ kind: 'drop' }, { kind: 'unknown', reason: /may have the message or not/ }],
    [{ kind: 'close' }, { kind: 'unknown' }]
  ] as const) {
    gateway.fail(fault)
    t.match(await send(), outcome, JSON.stringify(fault))
  }
  gateway.fail({ kind: 'status', code: 500 })
  await send()
  t.match(await send(), { kind: 'accepted' }, 'and after it all is well again')
})

t.test('a gateway that does not answer in time may have the message', async t => {
  const { gateway, send } = await stand(t, { tools: { signal: AbortSignal.timeout(300) } })
  gateway.fail({ kind: 'delay', ms: 60_000 })
  t.match(await send(), { kind: 'unknown', reason: /may have the message or not/ })
  t.equal(gateway.taken.length, 1, 'it has')
})

t.test('a gateway that is not there surely has no message', async t => {
  const { gateway, send } = await stand(t)
  await gateway.close()
  t.match(await send(), { kind: 'retry', reason: /cannot be reached: ECONNREFUSED/ })
})

t.test('settings that are not complete are waited for', async t => {
  for (const name of ['url', 'servId', 'shortNumber', 'billkey'] as const) {
    const { gateway, send } = await stand(t, { settings: { gateway: { [name]: '' } } satisfies Change })
    t.match(await send(), { kind: 'retry', reason: `The settings lack ${name}`, afterMs: 60_000 })
    t.same(gateway.requests, [])
  }
})

t.test('in the trial nothing leaves, the message counts as delivered, and the log says so', async t => {
  const { gateway, send, logged } = await stand(t, { settings: { gateway: { mode: ['mock'], url: '' } } })
  const status = (ref: string, status: string) => ({ kind: 'status', ref, status })
  const deliver = (...refs: string[]) => [
    { afterMs: 0, events: ['sent', 'delivered'].flatMap(word => refs.map(ref => status(ref, word))) }
  ]
  t.same(await send(), { kind: 'accepted', ref: 'mock-7-0', later: deliver('mock-7-0') })
  t.match(await send(text('a'.repeat(161))), {
    ref: 'mock-7-0',
    sent: [
      { part: 0, ref: 'mock-7-0' },
      { part: 1, ref: 'mock-7-1' }
    ],
    later: deliver('mock-7-0', 'mock-7-1')
  })
  t.match(await send({ contact: '+420902333444' }), { kind: 'rejected' }, 'what would fail fails')
  t.same(gateway.requests, [])
  t.match(logged, [/TRIAL MODE: nothing was sent/, /TRIAL MODE/])
})

const sentText = async (t: Test, message: Parameters<typeof outgoing>[0], settings: Change = {}) => {
  const { gateway, send } = await stand(t, { settings })
  const outcome: Outcome = await send(message)
  return gateway.received()[0]?.text ?? (outcome.kind === 'rejected' ? outcome.reason : outcome.kind)
}

t.test('markup is read, attachments are links, and both go with the text', async t => {
  const attachments = [{ name: 'a.pdf', uri: 'https://e.com/a.pdf', type: 'file' as const }]
  const content = { text: '**Hi** Eva', format: 'markdown' as const }
  t.equal(await sentText(t, { content, attachments }), 'Hi Eva\nhttps://e.com/a.pdf')
  t.equal(await sentText(t, { content: null, attachments }), 'https://e.com/a.pdf')
  t.match(await sentText(t, { content: null, attachments: [{ name: '', uri: '', type: 'image' }] }), /no attachments/)
  const { send } = await stand(t, { tools: { options: { attachments: 'none' } } })
  t.match(await send({ content: null, attachments }), { kind: 'rejected', reason: /no attachments/ })
})

t.test('markup characters of a text arrive as they were written', async t => {
  t.equal(await sentText(t, text(`Tom & <Jerry> "it's" ]]>`)), `Tom & <Jerry> "it's" ]]>`)
})
