import { list, record, text } from 'channel-kit/json'
import t from 'tap'
import { graphFault } from '../simulator/faults.ts'
import { storage } from './samples.ts'
import { registered } from './tools.ts'

const MIB = 1024 * 1024

t.test('a file is sent as what its bytes are, and what WhatsApp does not take as such is a document', async t => {
  const { gateway, send } = await registered(t)
  const { attach } = await storage(t)
  for (const [attachment, type, mime, more] of [
    [attach('a.jpeg', 'image'), 'image', 'image/jpeg', {}],
    [attach('a.png', 'image'), 'image', 'image/png', {}],
    [attach('a.png'), 'document', 'image/png', { filename: 'a.png' }],
    [attach('b.png', 'image', 5 * MIB), 'document', 'image/png', { filename: 'b.png' }],
    [attach('a.gif', 'image'), 'document', 'linked', { filename: 'a.gif' }],
    [attach('a.webp', 'image'), 'document', 'linked', { filename: 'a.webp' }],
    [attach('a.mp4'), 'video', 'video/mp4', {}],
    [attach('b.mp4', 'file', 16 * MIB), 'document', 'video/mp4', { filename: 'b.mp4' }],
    [attach('a.webm'), 'document', 'linked', { filename: 'a.webm' }],
    [attach('a.opus', 'voice'), 'audio', 'audio/ogg; codecs=opus', { voice: true }],
    [attach('a.opus'), 'audio', 'audio/ogg; codecs=opus', {}],
    [attach('a.vorbis', 'voice'), 'document', 'linked', {}],
    [attach('a.mp3', 'voice'), 'audio', 'audio/mpeg', { voice: true }],
    [attach('a.m4a', 'voice'), 'audio', 'audio/mp4', { voice: true }],
    [attach('a.amr', 'voice'), 'audio', 'audio/amr', { voice: true }],
    [attach('a.wav', 'voice'), 'document', 'linked', {}],
    [attach('a.pdf'), 'document', 'application/pdf', { filename: 'a.pdf' }],
    [{ ...attach('a.text'), name: 'notes.txt' }, 'document', 'text/plain', { filename: 'notes.txt' }],
    [{ ...attach('a.text'), name: 'fake.jpg' }, 'document', 'linked', { filename: 'fake.jpg' }],
    [{ ...attach('a.text'), name: '' }, 'document', 'text/plain', { filename: 'a.text' }]
  ] as const) {
    t.match(await send({ content: null, attachments: [attachment] }), { kind: 'accepted' }, attachment.uri)
    const body = record(gateway.state.messages.at(-1)?.body)
    const { id, link, ...rest } = record(body[text(body.type)])
    const sentAs = link === attachment.uri ? 'linked' : gateway.state.media.get(text(id))?.mime
    t.same([body.type, sentAs], [type, mime], attachment.uri)
    if (Object.keys(more).length > 0 || type !== 'document') t.same(rest, more, attachment.uri)
  }
})

t.test('whatever an agent attaches arrives under its name, though Meta takes few types as an upload', async t => {
  const { gateway, send } = await registered(t)
  const { attach } = await storage(t)
  for (const [attachment, type, mime, filename] of [
    [attach('b.zip'), 'document', 'linked', 'b.zip'],
    [attach('act.xml'), 'document', 'linked', 'act.xml'],
    [attach('clip.mov'), 'document', 'linked', 'clip.mov'],
    [attach('a.heic', 'image'), 'document', 'linked', 'a.heic'],
    [attach('price.xls'), 'document', 'application/vnd.ms-excel', 'price.xls'],
    [attach('act.doc'), 'document', 'application/msword', 'act.doc'],
    [{ ...attach('a.doc'), name: 'mail.msg' }, 'document', 'linked', 'mail.msg'],
    [{ ...attach('rec.mp42', 'voice'), name: 'rec.m4a' }, 'audio', 'audio/mp4', ''],
    [{ ...attach('rec.mp42'), name: 'rec.mp4' }, 'video', 'video/mp4', ''],
    [{ ...attach('a.pdf'), name: 'Invoice No. 5' }, 'document', 'application/pdf', 'Invoice No. 5.pdf'],
    [{ ...attach('a.pdf'), name: 'act.jpg' }, 'document', 'application/pdf', 'act.jpg.pdf']
  ] as const) {
    t.match(await send({ content: null, attachments: [attachment] }), { kind: 'accepted' }, filename)
    const body = record(gateway.state.messages.at(-1)?.body)
    const own = record(body[text(body.type)])
    const sentAs = own.link === attachment.uri ? 'linked' : gateway.state.media.get(text(own.id))?.mime
    t.same([body.type, sentAs, text(own.filename)], [type, mime, filename], attachment.name)
  }
  const both = {
    content: { text: 'Here are the papers', format: 'text' } as const,
    attachments: [attach('a.pdf'), attach('b.zip')]
  }
  t.match(await send(both), { kind: 'accepted', sent: [{ part: 0 }, { part: 1 }] })
  t.match(gateway.received().slice(-2), [
    { text: 'Here are the papers' },
    { text: '', files: [both.attachments[1]?.uri] }
  ])
})

t.test('a text is the caption of the first file that takes one, unless it is too long', async t => {
  const { gateway, send } = await registered(t)
  const { attach } = await storage(t)
  const attachments = [attach('a.opus', 'voice'), attach('a.png', 'image'), attach('a.pdf')]
  const shape = async (words: string) => {
    const from = gateway.state.messages.length
    t.match(await send({ content: { text: words, format: 'markdown' }, attachments }), { kind: 'accepted' })
    return gateway.state.messages.slice(from).map(({ body }) => {
      const own = record(body[text(body.type)])
      return [body.type, text(own.caption) || text(own.body)]
    })
  }
  t.same(await shape('**Look**'), [
    ['audio', ''],
    ['image', '*Look*'],
    ['document', '']
  ])
  const long = 'x'.repeat(1_025)
  t.same(await shape(long), [
    ['text', long],
    ['audio', ''],
    ['image', ''],
    ['document', '']
  ])
})

t.test('files are at WhatsApp before anything is sent, and are not stored twice', async t => {
  const { gateway, send, goOn } = await registered(t)
  const { attach } = await storage(t)
  const message = { attachments: [attach('a.png', 'image'), attach('a.pdf')] }
  gateway.faults.add('upload', { kind: 'answer', status: 200, body: { id: '1' } }, graphFault(500, 131016))
  const halted = await send(message)
  t.match(halted, { kind: 'retry', sent: [] })
  t.equal(gateway.state.messages.length, 0)
  gateway.state.media.set('1', {
    id: '1',
    mime: 'image/png',
    name: 'a.png',
    bytes: Buffer.alloc(1),
    sha256: '',
    key: '',
    expiresAt: new Date(0)
  })
  t.match(await goOn(message, halted), { kind: 'accepted', sent: [{}, {}] })
  t.equal(gateway.state.calls.filter(({ operation }) => operation === 'upload').length, 3)
  t.match(gateway.state.messages, [{ body: { image: { id: '1', caption: 'Hello' } } }, { body: { document: {} } }])
})

t.test('a file that nobody can have costs no half message, and says which it is', async t => {
  const { gateway, send } = await registered(t)
  const { attach, at } = await storage(t)
  for (const [attachment, reason] of [
    [{ name: 'gone.png', uri: attach('a.nothing').uri, type: 'image' }, /gone.png cannot be fetched: HTTP 404/],
    [attach('a.empty'), /a.empty cannot be fetched: it is empty/],
    [{ name: 'x', uri: '', type: 'file' }, /The file x cannot be fetched: it has no address/],
    [{ name: 'x', uri: 'file:///etc/passwd', type: 'file' }, /it has no address/],
    [at('/round', 'r'), /HTTP 302/]
  ] as const)
    t.match(await send({ attachments: [attach('a.png'), attachment] }), { kind: 'rejected', reason })
  for (const attachment of [at('/broken', 'b'), { name: 'b', uri: 'http://127.0.0.1:1/b', type: 'file' as const }])
    t.match(await send({ attachments: [attachment] }), { kind: 'retry', reason: /The file b cannot be fetched/ })
  t.equal(gateway.state.messages.length, 0)
})

t.test('a storage may send on to another address, which gets no token', async t => {
  const { gateway, send } = await registered(t)
  const { at } = await storage(t)
  t.match(await send({ content: null, attachments: [at('/moved', 'a.png')] }), { kind: 'accepted' })
  t.match(gateway.state.messages, [{ body: { type: 'document' } }])
})

t.test('a file that is too large for WhatsApp goes as a link', async t => {
  const { gateway, send } = await registered(t)
  const { at, base } = await storage(t)
  t.match(await send({ attachments: [at('/huge', 'film.mov')] }), { kind: 'accepted' })
  t.match(gateway.state.messages, [
    { body: { text: { body: 'Hello' } } },
    { body: { text: { body: `film.mov: ${base}/huge`, preview_url: true } } }
  ])
})

t.test('what WhatsApp refuses as a picture it is offered as a document, once', async t => {
  const { gateway, send } = await registered(t)
  const { attach } = await storage(t)
  const attachments = [attach('a.png', 'image')]
  gateway.faults.add('upload', graphFault(400, 131053))
  t.match(await send({ attachments }), { kind: 'accepted' })
  gateway.faults.add('messages', graphFault(400, 131053))
  t.match(await send({ attachments }), { kind: 'accepted' })
  t.match(gateway.state.messages, [
    { body: { type: 'document', document: { caption: 'Hello', filename: 'a.png' } } },
    { body: { type: 'document', document: { caption: 'Hello', filename: 'a.png' } } }
  ])
  gateway.faults.add('messages', graphFault(400, 131053), graphFault(400, 131053))
  t.match(await send({ attachments }), { kind: 'rejected', reason: /does not take this file.*131053/ })
})

t.test('what WhatsApp gave back as a picture is sent as a document, and only that', async t => {
  const { gateway, send } = await registered(t)
  const { attach } = await storage(t)
  const message = { content: null, attachments: [attach('a.png', 'image'), attach('b.png', 'image'), attach('c.pdf')] }
  const returned = [1, 2].map(part => ({ part, way: 'document' }))
  t.match(await send({ ...message, returned, sent: [{ part: 0, ref: 'wamid.A' }] }), { kind: 'accepted' })
  t.match(gateway.state.messages, [
    { body: { type: 'document', document: { filename: 'b.png' }, biz_opaque_callback_data: '7:1' } },
    { body: { type: 'document', document: { filename: 'c.pdf' } } }
  ])
  await send({ ...message, returned: [{ part: 0, way: 'again' }] })
  t.match(gateway.state.messages.slice(2), [{ body: { type: 'image' } }, { body: { type: 'image' } }, {}])
})

t.test('a file that Meta does not know any more is stored anew, once', async t => {
  const { gateway, send, goOn } = await registered(t)
  const { attach } = await storage(t)
  const message = { attachments: [attach('a.png', 'image')] }
  const stale = 'Param image.id is not a valid whatsapp business account media attachment ID'
  const uploads = () => gateway.state.calls.filter(({ operation }) => operation === 'upload').length
  gateway.faults.add('messages', graphFault(400, 131056), graphFault(400, 100, '', { message: stale }))
  const halted = await send(message)
  t.match(await goOn(message, halted), { kind: 'accepted' })
  t.equal(uploads(), 2)
  t.equal(gateway.state.messages.length, 1)
  gateway.state.media.clear()
  t.match(await goOn(message, halted), { kind: 'accepted' }, 'as the fake says it, too')
  const fault = graphFault(400, 100, '', { message: stale })
  gateway.faults.add('messages', fault, fault)
  t.match(await send(message), { kind: 'rejected', reason: /media attachment ID/ })
})

t.test('a picture that Meta calls too large goes as a document', async t => {
  const { gateway, send } = await registered(t)
  const { attach } = await storage(t)
  const big = attach('big.jpeg', 'image', 6 * MIB)
  gateway.faults.add('upload', graphFault(400, 100, '', { message: '(#100) Invalid parameter: File Too Large' }))
  t.match(await send({ content: null, attachments: [big] }), { kind: 'accepted' })
  t.match(gateway.state.messages, [{ body: { type: 'document', document: { link: big.uri, filename: 'big.jpeg' } } }])
})

t.test('a send that takes long leaves the rest to the next one', async t => {
  const { gateway, tools, send, goOn, pass } = await registered(t)
  const { attach } = await storage(t)
  const message = { attachments: [attach('a.png', 'image'), attach('a.pdf'), attach('b.pdf')] }
  const { fetch } = tools
  tools.fetch = async (input, init) => {
    pass(6_000)
    return fetch(input, init)
  }
  const outcomes = []
  let outcome = await send(message)
  for (; outcome.kind === 'retry'; outcome = await goOn(message, outcome)) outcomes.push(outcome)
  t.ok(outcomes.length >= 2)
  t.match(outcomes[0], { afterMs: 0, reason: /going on/ })
  t.match(outcome, { kind: 'accepted' })
  t.equal(gateway.state.calls.filter(({ operation }) => operation === 'upload').length, 3)
  t.equal(
    new Set(list(gateway.state.messages).map(message => record(record(message).body).biz_opaque_callback_data)).size,
    3
  )
})
