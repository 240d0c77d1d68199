import { createHmac } from 'node:crypto'
import t from 'tap'
import { startSimulator } from '../simulator/simulator.ts'
import { metaJson } from '../simulator/webhooks.ts'
import { startWebhook } from './listener.ts'
import { storage } from './samples.ts'
import { registered } from './tools.ts'

t.test('a webhook is written and signed as Meta does it', async t => {
  t.equal(
    metaJson({ t: 'café 😀 a/b <c> 100% m@e' }),
    String.raw`{"t":"caf\u00e9 \ud83d\ude00 a\/b \u003Cc> 100\u0025 m\u0040e"}`
  )
  const { gateway, tools } = await registered(t)
  const { url, events, answers } = await startWebhook(t, () => tools)
  await gateway.connect(url)
  await gateway.say('421900111222', { type: 'text', text: { body: 'Čau 😀 a/b @x 5%' } })
  t.match(events, [{ kind: 'message', contact: '421900111222', content: { text: 'Čau 😀 a/b @x 5%' } }])
  t.same(answers, [200])
  t.equal(await gateway.webhooks.post({ object: 'x' }, 'another secret'), 403)
})

t.test('an address that does not answer the challenge is not connected', async t => {
  const { gateway, tools } = await registered(t, { change: { account: { verifyToken: 'another token' } } })
  const { url } = await startWebhook(t, () => tools)
  await t.rejects(gateway.connect(url), /did not answer the challenge, but 403/)
})

t.test('a webhook comes again until it is answered by 200', async t => {
  const { gateway, tools } = await registered(t)
  const { url, events, answers, troubles } = await startWebhook(t, () => tools)
  await gateway.connect(url)
  troubles.left = 2
  await gateway.say('421900111222', { type: 'text', text: { body: 'Hi' } })
  t.same(answers, [500, 500, 200])
  t.equal(events.length, 2, 'the message, and that webhooks come')
})

t.test('webhooks come late, twice, in batches and in any order', async t => {
  const { gateway, tools, send } = await registered(t)
  const { url, events, answers } = await startWebhook(t, () => tools)
  await gateway.connect(url)
  gateway.webhooks.hold()
  await send()
  await gateway.report('read')
  await gateway.say('421900111222', { type: 'text', text: { body: 'Hi' } })
  t.same(answers, [])
  await gateway.webhooks.release({ order: 'reversed', batch: 2, copies: 2 })
  t.same(answers, [200, 200, 200, 200])
  const seen = events
    .map(event => (event.kind === 'status' ? event.status : event.kind))
    .filter(kind => kind !== 'note')
  t.same(seen, ['message', 'read', 'message', 'read', 'delivered', 'sent', 'delivered', 'sent'])
})

t.test('statuses tell our id, and may come before the answer of the send', async t => {
  const { gateway, tools, send } = await registered(t, {
    state: { statusesFirst: true, statuses: ['sent', 'delivered', 'read'] }
  })
  const { url, events } = await startWebhook(t, () => tools)
  await gateway.connect(url)
  const outcome = await send()
  t.match(outcome, { kind: 'accepted' })
  const statuses = events.filter(event => event.kind === 'status')
  t.match(statuses, [
    { status: 'sent', message: { id: '7', part: 0 } },
    { status: 'delivered', message: { id: '7', part: 0 } },
    { status: 'read', message: { id: '7', part: 0 } }
  ])
})

t.test('the end of a window may be told by a status', async t => {
  const { gateway, tools, send } = await registered(t, { state: { window: 'async' } })
  const { url, events } = await startWebhook(t, () => tools)
  await gateway.connect(url)
  t.match(await send(), { kind: 'accepted' })
  await gateway.webhooks.settled()
  t.match(
    events.filter(event => event.kind === 'status'),
    [{ status: 'error', reason: /not written for 24 hours.*131047/ }]
  )
})

t.test('a customer writes with files, and sees what the business wrote', async t => {
  const { gateway, tools, send } = await registered(t)
  const { url, events } = await startWebhook(t, () => tools)
  const { attach } = await storage(t)
  await gateway.connect(url)
  await gateway.write('+421900111222', {
    text: 'Look',
    attachments: [attach('a.opus', 'voice'), attach('a.png', 'image'), attach('a.pdf')]
  })
  await gateway.write('+421900111222', { text: 'Only this' })
  const messages = events.flatMap(event =>
    event.kind === 'message' ? [[event.content?.text, event.attachments[0]?.type]] : []
  )
  t.same(messages, [
    [undefined, 'voice'],
    ['Look', 'image'],
    [undefined, 'file'],
    ['Only this', undefined]
  ])
  await send({ contact: '421900111222', attachments: [attach('a.png', 'image')] })
  t.match(gateway.received(), [{ contact: '421900111222', text: 'Hello', files: [/^http:/], at: Date }])
  const [file = ''] = gateway.received()[0]?.files ?? []
  t.equal((await fetch(file)).headers.get('content-type'), 'image/png', 'customers read it without a token')
})

t.test('it takes nothing that Meta would refuse', async t => {
  const { url, settings, close } = await startSimulator({ change: { statuses: [] } })
  t.teardown(close)
  const { accessToken, phoneNumberId, appSecret } = settings.account
  const post = async (body: object, headers: Record<string, string> = {}, query = '') => {
    const response = await fetch(`${url}/v25.0/${phoneNumberId}/messages${query}`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json', ...headers },
      body: JSON.stringify(body)
    })
    const { error } = (await response.json()) as { error?: { code: number } }
    return [response.status, error?.code]
  }
  const text = { messaging_product: 'whatsapp', to: '+1', type: 'text', text: { body: 'x' } }
  t.same(await post(text), [200, undefined])
  t.same(await post(text, { authorization: 'Bearer x' }), [401, 190])
  t.same(await post(text, {}, '?appsecret_proof=x'), [400, 100])
  const proof = createHmac('sha256', appSecret).update(accessToken).digest('hex')
  t.same(await post(text, {}, `?appsecret_proof=${proof}`), [200, undefined])
  for (const [body, status, code] of [
    [{ ...text, messaging_product: '' }, 400, 100],
    [{ ...text, to: '' }, 400, 131008],
    [{ ...text, text: { body: '' } }, 400, 131008],
    [{ ...text, text: { body: 'x'.repeat(4_097) } }, 400, 131009],
    [{ ...text, type: 'image', image: { id: 'gone' } }, 400, 131009],
    [{ ...text, type: 'template', template: { name: 'gone', language: { code: 'sk' } } }, 404, 132001],
    [
      { ...text, type: 'template', template: { name: 'continue_conversation', language: { code: 'en_US' } } },
      400,
      132000
    ]
  ] as const)
    t.same(await post(body), [status, code], JSON.stringify(body).slice(0, 120))
})
