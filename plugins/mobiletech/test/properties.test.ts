import fc from 'fast-check'
import t from 'tap'
import { readDocument, writeDocument } from '../src/document.ts'
import { slovakMobile } from '../src/phone.ts'
import { plainText } from '../src/plain-text.ts'
import { alphabetOf, costOf, LIMITS, transliterated } from '../src/septets.ts'
import { split } from '../src/split.ts'
import { receive } from '../src/webhook.ts'
import { toolsOf } from './gateway-fixture.ts'

const words = fc.string({ unit: 'grapheme', maxLength: 1_500 })

t.test('any text in any markup becomes parts that each fit, and of which nothing is lost', async t => {
  await fc.assert(
    fc.asyncProperty(words, fc.constantFrom('text', 'markdown', 'html'), fc.boolean(), async (text, format, bare) => {
      const plain = await plainText({ text, format })
      const said = bare ? transliterated(plain) : plain
      const made = split(said)
      if (made.kind === 'too-long') return made.parts > 20
      const alphabet = alphabetOf(said)
      const joined = made.parts
        .map(part => (made.parts.length > 1 ? part.replace(/^\(\d+\/\d+\) /, '') : part))
        .join('')
      return (
        made.parts.every(part => costOf(part, alphabet) <= LIMITS[alphabet]) &&
        joined.replace(/\s/g, '') === said.replace(/\s/g, '')
      )
    })
  )
  t.pass('and nothing threw')
})

t.test('what is written can be read, whatever the text', async t => {
  t.equal(await plainText({ text: 'a\u2028b\u2029c\u0085d\r\ne\rf', format: 'text' }), 'a\nb\nc\nd\ne\nf')
  await fc.assert(
    fc.asyncProperty(words, async text => {
      const content = await plainText({ text, format: 'text' })
      const read = readDocument(Buffer.from(writeDocument('send', { content, empty: '' })))
      return read.kind === 'document' && read.document.fields.get('content') === content
    })
  )
  t.pass('and nothing threw')
})

t.test('any bytes are answered 200 or 400', async t => {
  const element = fc.constantFrom('id', 'from', 'content', 'status', 'receive_date', 'content_coding', 'dcs', 'x')
  const fields = fc.dictionary(element, fc.string({ unit: 'binary', maxLength: 40 }))
  const documents = fc
    .tuple(fc.constantFrom('receive', 'status', 'dance', ''), fields)
    .map(([command, content]) => Buffer.from(writeDocument(command, content)))
  const bytes = fc.uint8Array({ maxLength: 300 }).map(array => Buffer.from(array))
  await fc.assert(
    fc.asyncProperty(fc.oneof(documents, bytes), async body => {
      const { reply, events } = await receive({ method: 'POST', query: {}, headers: {}, body }, toolsOf({}))
      return reply.status === 200 || (reply.status === 400 && events.length === 0)
    })
  )
  t.pass('and nothing threw')
})

t.test('a number that is sent to is in E.164, and stays what it is', async t => {
  const written = fc.string({ unit: fc.constantFrom(...'+0421905 ()/-.x'), maxLength: 20 })
  fc.assert(
    fc.property(written, number => {
      const phone = slovakMobile(number)
      return phone === undefined || (/^\+4219\d{8}$/.test(phone) && slovakMobile(phone) === phone)
    })
  )
  t.pass('and nothing threw')
})
