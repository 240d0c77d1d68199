import t from 'tap'
import { sanitizeJson, wordsOf } from '../../src/postgres/sanitize-text.ts'

t.test('JSON keeps all that a database takes, and loses nothing else', async t => {
  const fine = { 'a"\\': ['\\u0000', '\n\u0001', '😀', 'é', '\\\\ud83d', null, 1.5, true] }
  t.equal(sanitizeJson(fine), JSON.stringify(fine))
  t.same(JSON.parse(sanitizeJson({ 'k\0': ['\0a\\\0', 'x\ud83d', '\udc00\\', '\\\ud83d'] })), {
    k: ['a\\', 'x\ufffd', '\ufffd\\', '\\\ufffd']
  })
})

t.test('of a call that failed it is told why', async t => {
  t.equal(wordsOf(new TypeError('fetch failed', { cause: new Error('other side closed') })), 'other side closed')
  t.equal(wordsOf(new TypeError('fetch failed', { cause: new Error('') })), 'fetch failed')
  t.equal(wordsOf(new Error('broken', { cause: new Error('x') })), 'broken')
  t.equal(wordsOf({ a: 1 }), '{"a":1}')
})
