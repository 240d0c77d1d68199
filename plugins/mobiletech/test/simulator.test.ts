import { startSimulator } from 'channel-mobiletech/simulator'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { ORANGE } from './gateway-fixture.ts'

const SEND = {
  serv_id: '1700',
  project_id: '',
  rcv_msg_id: '',
  from: '8800',
  to: ORANGE,
  billkey: 'AZ19',
  content: 'PONG',
  content_coding: 'text',
  esm: '0',
  dcs: '0',
  expiration: '600',
  operator_type: 'O'
}

async function gateway(t: Test, knobs: Parameters<typeof startSimulator>[0] = {}) {
  const made = await startSimulator(knobs)
  t.teardown(() => made.close())
  const post = async (fields: Readonly<Record<string, string>>, { type = 'text/xml', command = 'send' } = {}) => {
    const elements = Object.entries(fields).map(([name, text]) => `<${name}>${text}</${name}>`)
    const response = await fetch(made.url, {
      method: 'POST',
      headers: { 'content-type': type },
      body: `<message command="${command}">${elements.join('')}</message>`
    })
    return { status: response.status, body: await response.text() }
  }
  return { gateway: made, post }
}

/** A webhook that answers what it is told to, the last answer for ever. */
async function webhook(t: Test, answers: string[]) {
  const bodies: string[] = []
  const app = Fastify()
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) => done(null, body))
  app.post('/', async ({ body }) => {
    bodies.push(String(body))
    return answers.length > 1 ? answers.shift() : answers[0]
  })
  t.teardown(() => app.close())
  return { url: await app.listen({ host: '127.0.0.1', port: 0 }), bodies }
}

t.test('a message by the rules is taken under an id of its own', async t => {
  const { gateway: fake, post } = await gateway(t)
  t.match(await post(SEND), { status: 200, body: '<id>40000001</id>' })
  t.match(await post(SEND), { status: 200, body: '<id>40000002</id>' })
  t.match(fake.received(), [{ contact: ORANGE, text: 'PONG', files: [] }, {}])
})

t.test('a message against the rules is refused, and says against which', async t => {
  const { gateway: fake, post } = await gateway(t)
  for (const [change, objection] of [
    [{ to: '0905000002' }, 'to is wrong'],
    [{ to: '+420905000002' }, 'to is wrong'],
    [{ from: 'Shop' }, 'from is wrong'],
    [{ content: 'a'.repeat(161) }, 'content is wrong'],
    [{ content: '' }, 'content is wrong'],
    [{ content_coding: 'utf8' }, 'content_coding is wrong'],
    [{ expiration: 'soon' }, 'expiration is wrong'],
    [{ operator_type: '' }, 'operator_type is wrong'],
    [{ operator_type: 'X' }, 'operator_type is wrong'],
    [{ project_id: '70' }, 'a push has no project_id'],
    [{ rcv_msg_id: '30000009' }, 'rcv_msg_id is no message of ours']
  ] as const) {
    t.match(await post({ ...SEND, ...change }), { status: 400, body: objection }, objection)
    t.equal(fake.requests.at(-1)?.objection, objection)
  }
  for (const element of Object.keys(SEND)) {
    const { [element]: _, ...rest } = SEND as Record<string, string>
    t.match(await post(rest), { status: 400, body: `${element} is missing` })
  }
  t.match(await post(SEND, { type: 'application/xml' }), { status: 400, body: 'content type' })
  t.match(await post(SEND, { command: 'sent' }), { status: 400, body: 'command' })
  t.same(fake.taken, [])
})

t.test('a reply has the project of the message that it answers', async t => {
  const { gateway: fake, post } = await gateway(t)
  await fake.connect((await webhook(t, ['ok'])).url)
  await fake.deliver({ from: ORANGE, content: 'PING' })
  t.match(await post({ ...SEND, rcv_msg_id: '30000001', project_id: '70' }), { status: 200 })
  t.match(await post({ ...SEND, rcv_msg_id: '30000001', project_id: '71' }), { status: 400 })
  t.match(await post({ ...SEND, rcv_msg_id: '30000001' }), { status: 400 })
})

t.test('an SMS is repeated until its own answer comes', async t => {
  const { gateway: fake } = await gateway(t, { repeat: { everyMs: 1, times: 10 } })
  const answer = (id: string) => `<message command="rcv_rsp"><id>${id}</id></message>`
  const { url, bodies } = await webhook(t, [
    '',
    answer('30000002'),
    '<message command="status_rsp"/>',
    answer('30000001')
  ])
  await fake.connect(url)
  await fake.write(ORANGE, { text: 'PING' })
  t.equal(bodies.length, 4)
  t.equal(new Set(bodies).size, 1)
})

t.test('an SMS that is never acknowledged is given up', async t => {
  const { gateway: fake } = await gateway(t, { repeat: { everyMs: 1, times: 3 } })
  const { url, bodies } = await webhook(t, ['no'])
  await fake.connect(url)
  await t.rejects(fake.write(ORANGE, { text: 'PING' }), /not acknowledged/)
  t.equal(bodies.length, 3)
})

t.test('reports come as planned: in order, of another message, and before the answer', async t => {
  const { gateway: fake, post } = await gateway(t, {
    repeat: { everyMs: 1, times: 1 },
    reports: () => [{ status: 'D1' }, { status: 'A0', early: true }, { status: 'D1' }, { status: 'D2', id: '49999999' }]
  })
  const { url, bodies } = await webhook(t, ['<message command="status_rsp"><id>40000001</id></message>'])
  await fake.connect(url)
  await post(SEND)
  t.match(bodies[0], '<status>A0</status>', 'the answer is not there yet')
  await fake.idle()
  t.match(bodies.slice(1), [/40000001[\s\S]*D1/, /40000001[\s\S]*D1/, /49999999[\s\S]*D2/])
})

t.test('a number that is with another operator is reported as moved', async t => {
  const { gateway: fake, post } = await gateway(t, {
    repeat: { everyMs: 1, times: 1 },
    operators: new Map([[ORANGE, 'T']])
  })
  const { url, bodies } = await webhook(t, ['ok'])
  await fake.connect(url)
  await post(SEND)
  await fake.idle()
  await post({ ...SEND, operator_type: 'T' })
  await fake.idle()
  t.match(bodies, [/_OPERATOR_CHANGE/, /D1/])
})

t.test('its settings are those of an admin who goes live with it', async t => {
  const { gateway: fake } = await gateway(t, { bearer: 'b' })
  t.match(fake.settings.gateway, { mode: ['live'], url: fake.url, servId: '1700', shortNumber: '8800', bearer: 'b' })
  t.same(fake.variables, { OUTBOUND_ALLOW: '127.0.0.0/8' })
})
