import type { Json } from 'channel-kit/json'
import type { Recalled } from 'channel-kit/tools'
import t from 'tap'
import { lent, NOW, receive, received, textsOf, wrapped } from './webhook.ts'

const CUSTOMER = '421900111222'
const ASKED = 'wamid.ASKED'

const written = (id: string, message: Json, from = CUSTOMER): Json => ({ id, from, timestamp: '1', ...message })
const reply = (id: string, from = CUSTOMER) =>
  written(id, { type: 'text', text: { body: 'Yes' }, context: { id: ASKED } }, from)

/** Texts in the chat, when the host recalls a text by the id that the messages quote. */
async function told(messages: readonly Json[], text: string, format: 'text' | 'markdown' | 'html' = 'text') {
  const { tools, said, recalls } = lent()
  said.set(`${CUSTOMER} ${ASKED}`, { from: 'us', content: { text, format }, attachments: [] })
  const { events } = await received(JSON.stringify(wrapped({ messages })), tools)
  return { texts: textsOf(events), recalls }
}

t.test('a reply, a reaction and what is taken back show the message that they are about', async t => {
  const { texts } = await told(
    [
      reply('wamid.1'),
      written('wamid.2', { type: 'reaction', reaction: { message_id: ASKED, emoji: '👍' } }),
      written('wamid.3', { type: 'revoke', revoke: { original_message_id: ASKED } }),
      written('wamid.4', { type: 'image', image: { id: '1', caption: 'This' }, context: { id: ASKED } }),
      written('wamid.5', { type: 'button', button: { text: 'Yes' }, context: { id: ASKED } })
    ],
    'Shall we\r\n  send it?'
  )
  t.same(texts, [
    '> Shall we send it?\nYes',
    '👍 → “Shall we send it?”',
    '[The customer deleted a message] “Shall we send it?”',
    '> Shall we send it?\nThis',
    'Yes'
  ])
})

t.test('a quote is one short line without markup, and without what the answer quoted itself', async t => {
  const quoted = async (text: string, format?: 'markdown' | 'html') => (await told([reply('w')], text, format)).texts[0]
  t.equal(await quoted('**Bold** & [link](https://e.com)', 'markdown'), '> Bold & link (https://e.com)\nYes')
  t.equal(await quoted('<p>One</p><p>Two</p>', 'html'), '> One Two\nYes')
  t.equal(await quoted('> Do you?\nI do'), '> I do\nYes')
  t.equal(await quoted('[Written in a group]\n> Do you?\nI do'), '> I do\nYes')
  t.equal(await quoted('[An order]'), '> [An order]\nYes')
  t.equal(await quoted('😀'.repeat(100)), `> ${'😀'.repeat(59)}…\nYes`)
  t.equal(await quoted('> nothing else'), '> > nothing else\nYes')
})

t.test('a message that nobody knows is only mentioned', async t => {
  const { events } = await receive(wrapped({ messages: [reply('wamid.1')] }))
  t.same(textsOf(events), ['> In reply to an earlier message\nYes'])
  t.same((await told([reply('wamid.1', '421900999999')], 'a secret of another customer')).texts, [
    '> In reply to an earlier message\nYes'
  ])
})

t.test('however many replies come at once, the host is asked once, and not at all without one', async t => {
  const { texts, recalls } = await told(
    Array.from({ length: 200 }, (_, at) => reply(`wamid.${at}`)),
    'Hm'
  )
  t.same(recalls, [200])
  t.same(new Set(texts), new Set(['> Hm\nYes']))
  t.same((await told([written('wamid.1', { type: 'text', text: { body: 'Hi' } })], 'Hm')).recalls, [])
})

t.test('what the business writes in its app is a note, unless it is ours, or nobody wants it', async t => {
  const echo = { from: '1', to: CUSTOMER, id: ASKED, timestamp: '1', type: 'text', text: { body: 'Hi' } }
  const payload = wrapped({ message_echoes: [echo] }, 'smb_message_echoes')
  const { events } = await receive(payload)
  t.match(events, [
    {
      kind: 'message',
      by: 'business',
      ref: ASKED,
      contact: CUSTOMER,
      content: { text: '[Written in the WhatsApp app of the business]\nHi' },
      context: { opens: false, note: true }
    }
  ])
  t.notOk('remember' in (events[0] ?? {}), 'it opens no window')
  t.notOk('hidden' in (events[0] ?? {}))
  t.match((await receive(payload, { incoming: { echoes: ['hide'] } })).events, [{ by: 'business', hidden: true }])

  const { tools, said, notes } = lent()
  notes.webhook = { value: {}, at: NOW }
  said.set(`${CUSTOMER} ${ASKED}`, { from: 'us', content: { text: 'Hi', format: 'text' }, attachments: [] })
  t.same((await received(JSON.stringify(payload), tools)).events, [])
})

t.test('a reply to one of several parts shows that part', async t => {
  const { tools, said } = lent()
  const quote = async (recalled: Omit<Recalled, 'from'>) => {
    said.set(`${CUSTOMER} ${ASKED}`, { from: 'us', ...recalled })
    return textsOf((await received(JSON.stringify(wrapped({ messages: [reply('w')] })), tools)).events)[0]
  }
  const content = { text: 'which?', format: 'text' } as const
  const sofas = [1, 2, 3].map(n => ({ name: `sofa${n}.jpg`, type: 'image' as const }))
  const voice = { name: 'a.ogg', type: 'voice' as const }
  const long = { text: `first ${'x'.repeat(4_000)}\n\nsecond **one** ${'y'.repeat(300)}`, format: 'markdown' } as const
  for (const [number, of, given, wanted] of [
    [1, 3, { content, attachments: sofas }, '📎 sofa2.jpg'],
    [0, 3, { content, attachments: sofas }, 'which?'],
    [0, 4, { content, attachments: sofas }, 'which?'],
    [3, 4, { content, attachments: sofas }, '📎 sofa3.jpg'],
    [0, 2, { content, attachments: [voice, ...sofas.slice(0, 1)] }, '📎 a.ogg'],
    [1, 2, { content, attachments: [voice, ...sofas.slice(0, 1)] }, 'which?'],
    [0, 2, { content: null, attachments: sofas.slice(1) }, '📎 sofa2.jpg'],
    [1, 2, { content: long, attachments: [] }, `second *one* ${'y'.repeat(106)}…`],
    [9_000, 1, { content, attachments: sofas }, 'which?'],
    [2, 3, { content, attachments: [] }, 'which?']
  ] as const)
    t.equal(await quote({ ...given, part: { number, of } }), `> ${wanted}\nYes`, `${number} of ${of}`)
})

t.test('an echo shows what it asks, is of the customer by every name, and in the form that WhatsApp knows', async t => {
  const interactive = { type: 'button', body: { text: 'Choose' } }
  const echo = { from: '1', to: CUSTOMER, id: 'wamid.E', timestamp: '1', type: 'interactive', interactive }
  const told = async (contacts: readonly Json[], message: Json = echo) =>
    (await receive(wrapped({ contacts, message_echoes: [message] }, 'smb_message_echoes'))).events
  t.match(await told([]), [{ content: { text: '[Written in the WhatsApp app of the business]\nChoose' } }])
  const [to, wa_id] = ['5531955554001', '553155554001']
  t.match(await told([{ wa_id }], { ...echo, to }), [
    { kind: 'renamed', from: wa_id, to },
    { kind: 'renamed', from: to, to: wa_id },
    { kind: 'message', contact: to }
  ])
  t.match(await told([{ wa_id: CUSTOMER, user_id: 'SK.1' }]), [
    { kind: 'renamed', from: CUSTOMER, to: 'SK.1' },
    { kind: 'renamed', from: 'SK.1', to: CUSTOMER },
    { kind: 'message' }
  ])
})
