import t from 'tap'
import { readPosted } from '../../src/protocol/chat.ts'

const GENERIC = 'Can not parse chat & message data'
const BLANK = 'Message text should not be empty'
const EMPTY = 'Message should contain content or attachmetns'

const chat = { id: 'c-1', contact: '+79990000000', subject: 'Order 7' }
const hello = { text: 'Hello', format: 'text' }
const picture = { name: 'a.png', uri: 'https://example.com/a.png', type: 'image' }

/** The message, or why there is none. */
function read(body: Readonly<Record<string, unknown>>) {
  const posted = readPosted(body)
  return posted.ok ? posted.value : posted.reason
}

const post = (message: object, changed: object = {}) => read({ chat: { ...chat, ...changed }, message })
const withContent = (content: unknown) => post({ id: 'm-1', content, attachments: [] })
const withAttachments = (attachments: unknown) => post({ id: 'm-1', content: hello, attachments })

t.test('a whole message is read to the letter', async t => {
  t.same(post({ id: 'm-1', content: hello, attachments: [picture] }), {
    chatId: 'c-1',
    crmId: 'm-1',
    contact: '+79990000000',
    subject: 'Order 7',
    content: hello,
    attachments: [picture]
  })
})

t.test('content that is empty in any way is no content, and a message may be of attachments alone', async t => {
  for (const content of [undefined, null, {}, [], false, '', 0])
    t.match(
      post({ id: 'm-1', content, attachments: [picture] }),
      { content: null, attachments: [picture] },
      JSON.stringify(content)
    )
})

t.test('content that is there must have a text and a format', async t => {
  const wrong = [
    { text: 'Hello' },
    { format: 'text' },
    { text: null, format: 'text' },
    { text: 'Hello', format: null },
    { text: ['Hello'], format: 'text' },
    { text: { a: 1 }, format: 'text' },
    { text: 'Hello', format: ['text'] },
    { text: 'Hello', format: { a: 1 } },
    'Hello',
    ['Hello'],
    5,
    true
  ]
  for (const content of wrong) t.equal(withContent(content), GENERIC, JSON.stringify(content))
})

t.test('a text loses what PHP trims at its ends, and nothing else', async t => {
  t.match(withContent({ text: ' \t\n\r\0\vHello \0\n', format: 'text' }), { content: { text: 'Hello' } })
  for (const kept of ['\u00a0', '\f', '\ufeff', '\u2003', '\u2028', '\u00a0x\u00a0', 'a\0b', 'a \n b'])
    t.match(withContent({ text: kept, format: 'text' }), { content: { text: kept } }, encodeURI(kept))
})

t.test('a text of which nothing is left is refused', async t => {
  for (const text of ['', ' ', '\t\n\r\0\v ']) t.equal(withContent({ text, format: 'text' }), BLANK, encodeURI(text))
  t.equal(
    post({ id: 'm-1', content: { text: ' ', format: 'text' }, attachments: [picture] }),
    BLANK,
    'attachments do not save it'
  )
})

t.test('zero is a text, as a word and as a number', async t => {
  t.match(withContent({ text: '0', format: 'text' }), { content: { text: '0' } })
  t.match(withContent({ text: 0, format: 'text' }), { content: { text: '0' } })
  t.match(withContent({ text: '0.0', format: 'text' }), { content: { text: '0.0' } })
  t.match(withContent({ text: 1.5, format: 'text' }), { content: { text: '1.5' } })
})

t.test('a format that nobody knows is read as text', async t => {
  for (const format of ['text', 'markdown', 'html'])
    t.match(withContent({ text: 'x', format }), { content: { format } }, format)
  for (const format of ['xml', '', 'TEXT', 5])
    t.match(withContent({ text: 'x', format }), { content: { format: 'text' } }, String(format))
})

t.test('attachments may be left out', async t => {
  t.match(post({ id: 'm-1', content: hello }), { attachments: [] })
  t.match(withAttachments(null), { attachments: [] })
  t.match(withAttachments([]), { attachments: [] })
})

t.test('a map of attachments, as PHP writes a list with gaps, loses no file', async t => {
  t.match(withAttachments({}), { attachments: [] })
  t.match(withAttachments({ 1: picture }), { attachments: [picture] })
})

t.test('attachments of every type are taken, with empty names and addresses too', async t => {
  const all = ['file', 'image', 'voice'].map(type => ({ name: '', uri: '', type }))
  t.match(withAttachments(all), { attachments: all })
  t.same(
    (withAttachments([{ ...picture, size: 5 }]) as { attachments: unknown }).attachments,
    [picture],
    'what is not of the model is left out'
  )
})

t.test('one attachment that cannot be read refuses the message', async t => {
  const { name: _n, ...nameless } = picture
  const { uri: _u, ...nowhere } = picture
  const { type: _t, ...untyped } = picture
  const wrong = [
    nameless,
    nowhere,
    untyped,
    { ...picture, name: null },
    { ...picture, uri: null },
    { ...picture, uri: ['x'] },
    { ...picture, type: null },
    { ...picture, type: 'video' },
    { ...picture, type: 'Image' },
    { ...picture, type: 0 },
    { ...picture, type: true },
    'https://example.com/a.png',
    null,
    []
  ]
  for (const attachment of wrong) t.equal(withAttachments([picture, attachment]), GENERIC, JSON.stringify(attachment))
})

t.test('a message of nothing is refused', async t => {
  t.equal(withContent(null), EMPTY)
  for (const body of [{}, { chat }, { chat, message: null }, { chat, message: {} }, { chat, message: [] }])
    t.equal(read(body), EMPTY, JSON.stringify(body))
})

t.test('a chat without a contact is refused', async t => {
  const message = { id: 'm-1', content: hello }
  for (const chat of [undefined, null, {}, [], 'x', { contact: null }, { contact: '' }, { contact: ['1'] }])
    t.equal(read({ chat, message }), GENERIC, JSON.stringify(chat))
})

t.test('ids, contact and subject may come as numbers', async t => {
  t.match(post({ id: 987, content: hello }, { id: 123, contact: 79990000000, subject: 7 }), {
    crmId: '987',
    chatId: '123',
    contact: '79990000000',
    subject: '7'
  })
})

t.test('ids and subject may be missing or null', async t => {
  const nothing = { crmId: null, chatId: null, subject: null }
  t.match(read({ chat: { contact: '1' }, message: { content: hello } }), nothing)
  t.match(post({ id: null, content: hello }, { id: null, subject: null }), nothing)
})

t.test('an id, a contact or a subject that is no text is refused', async t => {
  for (const wrong of [['x'], { a: 1 }, true]) {
    t.equal(post({ id: wrong, content: hello }), GENERIC, `message.id ${JSON.stringify(wrong)}`)
    for (const key of ['id', 'contact', 'subject'])
      t.equal(post({ id: 'm-1', content: hello }, { [key]: wrong }), GENERIC, `chat.${key} ${JSON.stringify(wrong)}`)
  }
})

t.test('what is a key in the database holds no NUL', async t => {
  t.equal(post({ id: 'm\0', content: hello }), GENERIC)
  for (const key of ['id', 'contact', 'subject'])
    t.equal(post({ id: 'm-1', content: hello }, { [key]: 'a\0b' }), GENERIC, key)
})

t.test('a contact or an id that is too long to be a key is refused', async t => {
  const long = 'x'.repeat(10_000)
  const answer = (posted: unknown) => (typeof posted === 'string' ? posted : 'taken')
  t.equal(answer(post({ id: long, content: hello })), 'Message id is longer than 512 characters')
  t.equal(answer(post({ id: 'm-1', content: hello }, { contact: long })), 'Chat contact is longer than 320 characters')
})

t.test('the first fault is told: content, then attachments, then emptiness, then the contact', async t => {
  const bad = { type: 'video' }
  t.equal(read({ message: { content: { text: ' ', format: 'text' }, attachments: [bad] } }), BLANK)
  t.equal(read({ message: { content: null, attachments: [bad] } }), GENERIC)
  t.equal(read({ message: { content: null, attachments: [] } }), EMPTY)
  t.equal(read({ message: { content: hello, attachments: [] } }), GENERIC)
})
