import t from 'tap'
import { recipientOf, refusal } from '../src/sending/recipient.ts'

t.test('a number is read in every way that people write it, and no other text is one', async t => {
  for (const address of [
    '421905123456',
    '+421905123456',
    '00421905123456',
    'tel:+421 905/123-456',
    'whatsapp:+421905123456',
    '421905123456@s.whatsapp.net',
    '＋421905123456',
    '\u202a+421\u00a0905\u2011123\u2013456\u202c',
    '\u200b+421 (0) 905.123.456',
    '+٤٢١٩٠٥١٢٣٤٥٦'
  ])
    t.same(recipientOf({ address }), { to: '+421905123456' }, address)
  t.same(recipientOf({ address: 'SK.1234567' }), { recipient: 'SK.1234567' })
  for (const address of ['', 'Ana', '123', 'ana@example.com', '+421905O23456'])
    t.equal(recipientOf({ address }), undefined)
})

t.test('a message that can never be sent is refused before it is accepted', async t => {
  const translate = (_: string, words: string) => words
  const refused = (message: object) =>
    refusal({ contact: '421905123456', subject: null, content: null, attachments: [], ...message }, { translate })
  t.equal(await refused({}), undefined)
  t.match(await refused({ contact: 'Ana' }), /no phone number/)
  t.match(await refused({ template: { name: 'hello' } }), /language/)
})
