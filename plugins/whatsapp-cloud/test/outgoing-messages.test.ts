import { record } from 'channel-kit/json'
import t from 'tap'
import { graphFault } from '../simulator/faults.ts'
import { eventsIn, registered } from './tools.ts'

t.test('a text goes out with our id, and under the id that WhatsApp gives it', async t => {
  const { gateway, send } = await registered(t)
  const outcome = await send({ content: { text: '**Hi** https://example.com', format: 'markdown' } })
  const [message] = gateway.state.messages
  t.same(outcome, { kind: 'accepted', ref: message?.wamid })
  t.match(gateway.state.calls, [
    {
      operation: 'messages',
      path: '106540352242922/messages',
      headers: { authorization: 'Bearer EAASimulatedToken', 'user-agent': 'chat-plugin-host' },
      body: {
        messaging_product: 'whatsapp',
        recipient_type: 'individual',
        to: '+5511987654321',
        type: 'text',
        text: { body: '*Hi* https://example.com', preview_url: true },
        biz_opaque_callback_data: '7:0'
      }
    }
  ])
})

t.test('half a character and NUL go to no customer, and a text of nothing else is none', async t => {
  const { gateway, send } = await registered(t)
  await send({ content: { text: 'cut \ud83d\0', format: 'text' } })
  t.match(gateway.state.messages, [{ body: { text: { body: 'cut \ufffd' } } }])
  t.match(await send({ content: { text: 'a\0', format: 'markdown' } }), { kind: 'accepted' })
  t.match(await send({ content: { text: '\0', format: 'text' } }), {
    kind: 'rejected',
    reason: 'Nothing is left to be shown'
  })
})

t.test('a customer is a number, however it is written, or an id', async t => {
  const { gateway, send } = await registered(t)
  for (const [contact, wanted] of [
    ['+55 (11) 98765-4321', { to: '+5511987654321' }],
    ['005511987654321', { to: '+5511987654321' }],
    ['5511987654321', { to: '+5511987654321' }],
    ['\u202a+421 900 003 003\u202c', { to: '+421900003003' }],
    ['+49 30/9000 3005', { to: '+493090003005' }],
    ['+49 (0)30 123456', { to: '+4930123456' }],
    ['whatsapp:+421900003010', { to: '+421900003010' }],
    ['tel:+421-900-003-010', { to: '+421900003010' }],
    ['＋421900003010', { to: '+421900003010' }],
    ['٤٢١٩٠٠٠٠٣٠١٠', { to: '+421900003010' }],
    ['421900003010@s.whatsapp.net', { to: '+421900003010' }],
    ['US.13491208655302741918', { recipient: 'US.13491208655302741918' }],
    ['BR.ENT.11815799212886844830', { recipient: 'BR.ENT.11815799212886844830' }]
  ] as const) {
    t.match(await send({ contact }), { kind: 'accepted' }, contact)
    const { to, recipient } = record(gateway.state.messages.at(-1)?.body)
    t.same({ to, recipient }, { to: undefined, recipient: undefined, ...wanted }, contact)
  }
  for (const contact of ['', 'jana@example.com', '12', 'us.1', '+'])
    t.match(await send({ contact }), { kind: 'rejected', reason: /is no phone number/ }, contact)
})

t.test('a customer goes by the name that WhatsApp knows, and the chat goes on', async t => {
  const { gateway, send } = await registered(t)
  gateway.state.aliases.set('5511987654321', '551187654321')
  t.same(eventsIn(await send()), [{ kind: 'renamed', from: '5511987654321', to: '551187654321' }])
  t.same(eventsIn(await send({ address: '551187654321' })), [], 'once known it is no news')
  t.equal(gateway.state.messages.at(-1)?.body.to, '+551187654321')
  t.same(eventsIn(await send({ contact: '+421900111222' })), [], 'with a plus it is the same name')
  t.same(eventsIn(await send({ contact: 'US.1' })), [])
})

t.test('a long text is several parts, and a retry goes on where it was', async t => {
  const { gateway, send, goOn } = await registered(t)
  const content = { text: 'Some words. '.repeat(1_000), format: 'text' } as const
  gateway.faults.add('messages', graphFault(500, 131016))
  t.match(await send({ content }), { kind: 'retry', sent: [] })

  gateway.faults.add(
    'messages',
    { kind: 'answer', status: 200, body: { messages: [{ id: 'wamid.A' }] } },
    graphFault(500, 2)
  )
  const halted = await send({ content })
  t.match(halted, { kind: 'retry', sent: [{ part: 0, ref: 'wamid.A' }] })
  const outcome = await goOn({ content }, halted)
  t.match(outcome, { kind: 'accepted', ref: 'wamid.A', sent: [{ part: 0 }, { part: 1 }, { part: 2 }] })
  t.same(
    gateway.state.messages.map(({ body }) => body.biz_opaque_callback_data),
    ['7:1', '7:2']
  )
  const bodies = gateway.state.calls.slice(-2).map(({ body }) => String(record(record(body).text).body))
  for (const body of bodies) t.ok(body.length <= 4096)
})

t.test('what was sent before a host stopped is not sent again', async t => {
  const { gateway, send } = await registered(t)
  const content = { text: 'Some words. '.repeat(1_000), format: 'text' } as const
  const sent = [
    { part: 2, ref: 'wamid.C' },
    { part: 0, ref: 'wamid.A' }
  ]
  t.match(await send({ content, sent, attempt: 2 }), { kind: 'accepted', ref: 'wamid.A', sent: [{}, { part: 1 }, {}] })
  t.equal(gateway.state.messages.length, 1)
})

t.test('what may have been sent waits for a status, and is not sent again', async t => {
  const { gateway, send, goOn } = await registered(t)
  for (const fault of [
    { kind: 'reset', when: 'after' },
    { kind: 'reset', when: 'before' },
    { kind: 'answer', status: 502, body: '<html>502 Bad Gateway</html>' },
    { kind: 'answer', status: 500, body: '' },
    { kind: 'answer', status: 200, body: '{' },
    { kind: 'answer', status: 200, body: {} },
    { kind: 'answer', status: 200, body: { messages: [] } }
  ] as const) {
    gateway.faults.add('messages', fault)
    const outcome = await send()
    t.match(outcome, { kind: 'unknown', awaitMs: 180_000, parts: 1 }, JSON.stringify(fault))
    const before = gateway.state.messages.length
    const silence = await goOn({}, outcome)
    t.match(silence, { kind: 'unknown', reason: /did not say whether/ })
    t.notOk('awaitMs' in silence && silence.awaitMs)
    t.equal(gateway.state.messages.length, before, 'nothing is sent while nobody knows')
    t.match(await goOn({}, silence), { kind: 'accepted' }, 'an operator may want it again all the same')
  }
})

t.test('an answer that does not come in time is none', async t => {
  const { gateway, tools, send } = await registered(t)
  const { fetch } = tools
  tools.fetch = (input, init) =>
    fetch(input, {
      ...init,
      signal: AbortSignal.any([...(init?.signal ? [init.signal] : []), AbortSignal.timeout(200)])
    })
  gateway.faults.add('messages', { kind: 'hang', when: 'before' }, { kind: 'hang', when: 'after' })
  t.match(await send(), { kind: 'unknown', awaitMs: 180_000, reason: /timeout/ })
  t.equal(gateway.state.messages.length, 0)
  t.match(await send(), { kind: 'unknown', awaitMs: 180_000 })
  t.equal(gateway.state.messages.length, 1)
})

t.test('what a status has confirmed goes on with the part behind it', async t => {
  const { gateway, send, goOn } = await registered(t)
  const content = { text: 'Some words. '.repeat(500), format: 'text' } as const
  gateway.faults.add('messages', { kind: 'reset', when: 'after' })
  const outcome = await send({ content })
  t.match(outcome, { kind: 'unknown', parts: 2 })
  const wamid = gateway.state.messages[0]?.wamid ?? ''
  const heard = { ...outcome, sent: [{ part: 0, ref: wamid }] }
  t.match(await goOn({ content }, heard), { kind: 'accepted', ref: wamid, sent: [{ ref: wamid }, { part: 1 }] })
  t.equal(gateway.state.messages.length, 2)
})

t.test('what never reached WhatsApp is tried again', async t => {
  const { gateway, send } = await registered(t)
  await gateway.close()
  const outcome = await send()
  t.match(outcome, { kind: 'retry', reason: /ECONNREFUSED/ })
})

t.test('an error in an answer of success is an error', async t => {
  const { gateway, send } = await registered(t)
  gateway.faults.add('messages', graphFault(200, 1))
  t.match(await send(), { kind: 'retry' })
})

t.test('an agent may answer what the customer wrote last', async t => {
  const { gateway, send } = await registered(t)
  const conversation = {
    lastIncoming: { ref: 'wamid.IN', at: new Date('2026-10-01T11:00:00Z'), context: null },
    memory: null
  }
  for (const [content, context, body] of [
    [{ text: '/reply\nYes', format: 'text' }, { message_id: 'wamid.IN' }, 'Yes'],
    [{ text: '/reply wamid.X\n**Yes**', format: 'markdown' }, { message_id: 'wamid.X' }, '*Yes*'],
    [{ text: '<p>/reply</p><p>Yes</p>', format: 'html' }, { message_id: 'wamid.IN' }, 'Yes'],
    [{ text: 'Yes\n/reply', format: 'text' }, undefined, 'Yes\n/reply'],
    [{ text: '/unknown', format: 'text' }, undefined, '/unknown']
  ] as const) {
    t.match(await send({ content, conversation }), { kind: 'accepted' })
    const sent = record(gateway.state.messages.at(-1)?.body)
    t.same(sent.context, context, content.text)
    t.equal(record(sent.text).body, body)
  }
})

t.test('what is quoted is what the customer wrote, not what the chat was told since', async t => {
  const { gateway, send } = await registered(t)
  const at = new Date('2026-10-01T11:00:00Z')
  const quoted = async (ref: string, context: object, memory: object | null = null) => {
    const conversation = { lastIncoming: { ref, at, context }, memory }
    await send({ content: { text: '/reply\nYes', format: 'text' }, conversation })
    return record(record(gateway.state.messages.at(-1)?.body).context).message_id
  }
  const memory = { opened: at.toISOString(), ref: 'wamid.IN' }
  t.equal(await quoted('wamid.SENT:failed', { opens: false, note: true }, memory), 'wamid.IN')
  t.equal(await quoted('wamid.ECHO', { opens: false, note: true }), undefined)
  t.equal(await quoted('wamid.IN', { opens: true }, { opened: at.toISOString() }), 'wamid.IN')
})

t.test('a reply quotes what came last when it was first tried, or what it answers, whatever came since', async t => {
  const { gateway, send } = await registered(t)
  const at = new Date('2026-10-01T11:00:00Z')
  const last = (ref: string) => ({ lastIncoming: { ref, at, context: { opens: true } }, memory: null })
  const content = { text: '/reply\nYes', format: 'text' } as const
  gateway.faults.add('messages', graphFault(500, 2))
  const outcome = await send({ content, conversation: last('wamid.ONE') })
  t.match(outcome, { kind: 'retry' })
  const progress = 'progress' in outcome ? outcome.progress : null
  t.match(await send({ content, conversation: last('wamid.TWO'), progress, attempt: 2 }), { kind: 'accepted' })
  const quoted = () => record(record(gateway.state.messages.at(-1)?.body).context).message_id
  t.equal(quoted(), 'wamid.ONE')
  const answers = { ref: 'wamid.ASKED', at, context: null }
  t.match(await send({ content, conversation: last('wamid.TWO'), answers }), { kind: 'accepted' })
  t.equal(quoted(), 'wamid.ASKED')
})

t.test('a text of which nothing is left is refused', async t => {
  const { send } = await registered(t)
  t.match(await send({ content: { text: '<!-- x --><script>1</script>', format: 'html' } }), {
    kind: 'rejected',
    reason: /Nothing is left/
  })
})

t.test('the limits are those of the admin', async t => {
  const { tools } = await registered(t, {
    change: { limits: { perSecond: 15, contactPerMinute: 6, contactBurst: 20 } }
  })
  const { default: channel } = await import('../src/channel.ts')
  t.same(channel.limits?.(tools.settings), { perSecond: 15, perContact: { perSecond: 0.1, burst: 20 } })
  const { tools: usual } = await registered(t)
  t.same(channel.limits?.(usual.settings), { perSecond: 60, perContact: { perSecond: 10 / 60, burst: 10 } })
})
