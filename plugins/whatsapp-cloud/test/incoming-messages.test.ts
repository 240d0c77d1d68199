import { readFile } from 'node:fs/promises'
import type { Json } from 'channel-kit/json'
import { text } from 'channel-kit/json'
import t from 'tap'
import { safeName, withExtension } from '../src/incoming/media.ts'
import type { Change } from './tools.ts'
import { lent, NOW, receive, received, textsOf, wrapped } from './webhook.ts'

/** Payloads and what becomes of them, each looked at by eye once. */
interface Case {
  name: string
  payload: unknown
  events: readonly unknown[]
  ignored?: Json
}

const CASES = JSON.parse(await readFile(new URL('../fixtures/webhooks.json', import.meta.url), 'utf8')) as Case[]

t.test('every kind of thing that a webhook brings becomes what it is meant to be', async t => {
  for (const { name, payload, events, ignored } of CASES) {
    const received = await receive(payload)
    t.equal(received.reply.status, 200, name)
    t.same(received.events, events, name)
    t.same(received.ignored, ignored, name)
    t.notOk(
      received.logs.find(({ level }) => level === 'error'),
      name
    )
  }
})

t.test('a chat shows as little as the admin wants', async t => {
  const hidden: Change = {
    incoming: {
      reactions: ['hide'],
      locations: ['link'],
      quotes: ['hide'],
      referrals: ['hide'],
      failureNotes: ['show']
    }
  }
  const texts = async (name: string) => textsOf((await receive(payloadOf(name), hidden)).events)
  t.same(await texts('reaction'), [])
  t.same(await texts('location with a name'), ['https://maps.google.com/?q=48.14,17.1'])
  t.same(await texts('reply'), ['Áno'])
  t.same(await texts('about a product'), ['Máte?'])
  t.same(await texts('forwarded'), ['Pozri', 'Pozri'])
  t.same(await texts('after an ad'), ['Zaujíma ma to'])
})

t.test('a failure is a message too where the admin wants it, and that message opens no window', async t => {
  const { events } = await receive(payloadOf('failed'), { incoming: { failureNotes: ['show'] } })
  t.match(events, [
    { kind: 'status', ref: 'wamid.SENT', status: 'error' },
    {
      kind: 'message',
      ref: 'wamid.SENT:failed',
      contact: '421900111222',
      content: { text: /^\[Not delivered: The customer has not written for 24 hours.*#131047/, format: 'text' },
      context: { opens: false }
    }
  ])
  t.notOk('remember' in (events[1] ?? {}))
})

t.test('one thing that cannot be read costs none of the others', async t => {
  const translate = () => {
    throw new Error('no words')
  }
  const payload = payloadOf('things that are no messages') as { entry: { changes: { value: Json }[] }[] }
  const value = payload.entry[0]?.changes[0]?.value ?? {}
  const reaction = { from: '1', id: 'wamid.R', timestamp: '1', type: 'reaction', reaction: { emoji: '👍' } }
  const messages = [reaction, ...(value.messages as Json[])]
  const { events, ignored, logs } = await receive(wrapped({ ...value, messages }), {}, { translate })
  t.same(textsOf(events), ['but this is'])
  t.match(ignored, { unreadable: 1, 'message from nobody': 3 })
  t.match(
    logs.filter(({ level }) => level === 'error'),
    [{ message: /could not be read/ }]
  )
})

t.test('messages come by their times, and one whose time cannot be read where it stood', async t => {
  const said = (body: string, timestamp?: unknown) => ({ from: '1', id: body, timestamp, type: 'text', text: { body } })
  const messages = [
    said('first'),
    said('3', '3'),
    said('none'),
    said('2', 2),
    said('to come', '99999999999'),
    said('4', 4)
  ]
  const { events } = await receive(wrapped({ messages: [...messages, said('soon', 'soon')] }))
  t.same(textsOf(events), ['first', '2', 'to come', '3', 'none', '4', 'soon'])
  const timed = events.flatMap(event => (event.kind === 'message' && event.at !== undefined ? [event.ref] : []))
  t.same(timed, ['2', '3', '4'], 'the others leave it to the host')
})

t.test('what is of another account is answered and left alone', async t => {
  for (const payload of [
    wrapped({ metadata: { phone_number_id: '9999999' }, messages: [{ from: '1', type: 'text' }] }),
    wrapped({ messages: [{ from: '1', type: 'text' }] }, 'messages', '8888888'),
    wrapped({ event: 'ACCOUNT_DELETED' }, 'account_update', '8888888')
  ])
    t.match(await receive(payload), { reply: { status: 200 }, events: [], ignored: { 'another account': 1 } })
  const { events } = await receive(wrapped({ messages: [{ from: '1', type: 'text', text: { body: 'x' } }] }))
  t.equal(events.length, 1, 'without a number the account says whose it is')
})

t.test('what is of another number is told as such, and is no sign that our webhooks come', async t => {
  const { tools } = lent()
  const value = { metadata: { phone_number_id: '9999999' }, messages: [{ from: '1', type: 'text' }] }
  const call = received(JSON.stringify(wrapped(value)), tools)
  t.match(await call, { elsewhere: ['9999999'] })
  t.same((await call).events, [{ kind: 'note', name: 'astray', value: { numbers: '9999999' } }])
  t.match(await received(JSON.stringify(wrapped({ event: 'x' }, 'account_update', '8888888')), tools), {
    events: [],
    elsewhere: []
  })
})

t.test('what is no webhook of WhatsApp is answered too', async t => {
  for (const payload of ['', '{', 'null', '7', '[]', '{}', '{"object":"instagram","entry":[{}]}'])
    t.match(await receive(payload), { reply: { status: 200 }, events: [] }, payload)
  for (const entry of [null, 7, [null], [{}], [{ changes: null }], [{ changes: [null, { value: null }] }]])
    t.match(await receive({ object: 'whatsapp_business_account', entry }), { reply: { status: 200 }, events: [] })
  const sample = { field: 'messages', value: { messages: [{ from: '1', id: 'x', type: 'text' }] } }
  t.match(await receive(sample), { reply: { status: 200 }, events: [] }, 'the sample of the dashboard')
})

t.test('that webhooks come is noted, every ten minutes and not at each', async t => {
  const noted = async (ago?: number) => {
    const { tools, notes } = lent()
    if (ago !== undefined) notes.webhook = { value: {}, at: new Date(NOW.getTime() - ago) }
    const { events } = await received(JSON.stringify(payloadOf('text')), tools)
    return events.some(event => event.kind === 'note' && event.name === 'webhook')
  }
  t.same([await noted(), await noted(599_000), await noted(600_000)], [true, false, true])
})

t.test('a thousand statuses are read in a moment', async t => {
  const statuses = Array.from({ length: 1_000 }, (_, at) => ({
    id: `wamid.${at}`,
    status: 'delivered',
    timestamp: '1'
  }))
  const start = performance.now()
  const { events } = await receive(wrapped({ statuses }))
  t.equal(events.length, 1_000)
  t.ok(performance.now() - start < 1_000)
})

function payloadOf(name: string) {
  return CASES.find(one => one.name === name)?.payload
}

t.test('names of files keep their words and get the extension that they lack', async t => {
  for (const [name, extension, wanted] of [
    ['Invoice No. 5', 'pdf', 'Invoice No. 5.pdf'],
    ['Invoice 05/03/2026.pdf', 'pdf', 'Invoice 05-03-2026.pdf'],
    ['می\u200Cخواهم 👨‍👩‍👧.pdf', 'pdf', 'می\u200Cخواهم 👨‍👩‍👧.pdf'],
    ['../../etc/passwd', 'pdf', 'passwd.pdf'],
    ['b.zip', null, 'b.zip'],
    ['act.jpg', 'pdf', 'act.jpg.pdf'],
    ['photo.JPEG', 'jpg', 'photo.JPEG'],
    ['price.csv', 'txt', 'price.csv'],
    ['отчёт за май', 'pdf', 'отчёт за май.pdf']
  ] as const)
    t.equal(withExtension(safeName(name), extension), wanted)
})

t.test('half a character and NUL go to nobody', async t => {
  t.equal(text('cut \uD83D\0'), 'cut \uFFFD')
})

t.test('what comes late says when it was written, unless that is the time of a sample', async t => {
  const ago = async (ms: number) => {
    const timestamp = String((NOW.getTime() - ms) / 1_000)
    const message = { from: '1', id: 'wamid.1', timestamp, type: 'text', text: { body: 'old' } }
    return textsOf((await receive(wrapped({ messages: [message] }))).events)[0]
  }
  const [minute, day] = [60_000, 86_400_000]
  t.equal(await ago(14 * minute), 'old')
  t.equal(await ago(15 * minute), '[Written on 2026-09-21 13:59 UTC]\nold')
  t.equal(await ago(6 * day), '[Written on 2026-09-15 14:14 UTC]\nold')
  t.equal(await ago(31 * day), 'old')
})

t.test('photos of a form are files, and its answers lines, however they are written', async t => {
  const photo = { id: 790100001, mime_type: 'image/jpeg', sha256: 'x', file_name: 'IMG_01.jpg' }
  const document = { id: '2', file_name: 'offer' }
  const answers = { flow_token: 't', photos: [photo], papers: [document], policy: 'A-1', list: [1], none: [] }
  for (const response_json of [answers, JSON.stringify(answers)]) {
    const nfm_reply = { name: 'flow', body: 'Sent', response_json }
    const message = {
      from: '1',
      id: 'wamid.1',
      timestamp: '1',
      type: 'interactive',
      interactive: { type: 'nfm_reply', nfm_reply }
    }
    t.match((await receive(wrapped({ messages: [message] }))).events, [
      {
        content: { text: 'Sent\npolicy: A-1\nlist: [1]\nnone: []' },
        attachments: [
          { name: 'IMG_01.jpg', type: 'image', media: { kind: 'media', id: '790100001', mime: 'image/jpeg' } },
          { name: 'offer', type: 'file', media: { id: '2' } }
        ]
      }
    ])
  }
})

t.test('a file that is too large says so, whatever type its message has', async t => {
  const errors = [{ code: 131052, title: 'Media file size too big' }]
  for (const type of ['unsupported', 'image', 'something new']) {
    const message = { from: '1', id: 'wamid.1', timestamp: '1', type, errors }
    t.same(textsOf((await receive(wrapped({ messages: [message] }))).events), [
      '[A file that is too large for WhatsApp to hand over]'
    ])
  }
})

t.test('a failure that may go another way comes back, and any other is the end', async t => {
  const statusOf = async (codes: readonly number[], change: Change = {}) => {
    const errors = codes.map(code => ({ code, title: 'x' }))
    const status = { id: 'w', status: 'failed', recipient_id: '553155554001', biz_opaque_callback_data: '7:1', errors }
    const [event] = (await receive(wrapped({ statuses: [status] }), change)).events
    return event
  }
  const fallback = { window: { fallbackTemplate: ['a/en_US'] } }
  for (const [codes, wanted, change] of [
    [[131047], { status: 'returned', way: 'template' }, fallback],
    [[131047], { status: 'error', way: undefined }, {}],
    [[131053], { status: 'returned', way: 'document' }, {}],
    [[130429], { status: 'returned', way: 'again', afterMs: 2_000 }, {}],
    [[131056], { status: 'returned', way: 'again', afterMs: 6_000 }, {}],
    [[131000], { status: 'returned', way: 'again' }, {}],
    [[131016, 131026], { status: 'error', way: undefined }, {}],
    [[131026], { status: 'error', way: undefined }, {}],
    [[], { status: 'error', way: undefined }, {}]
  ] as const) {
    const about = { contact: '553155554001', message: { id: '7', part: 1 } }
    t.match(await statusOf(codes, change), { ...wanted, ...about }, JSON.stringify(codes))
  }
})
