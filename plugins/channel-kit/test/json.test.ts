import { readLotOutcome, readOutcome } from 'channel-kit/answer'
import { list, number, parse, record, text } from 'channel-kit/json'
import t from 'tap'

const WITHOUT_TEXT = { toString: null, valueOf: null }

t.test('what has no text and no number of its own is empty, and never an exception', async t => {
  for (const value of [WITHOUT_TEXT, [WITHOUT_TEXT], null, undefined, true, {}, []]) {
    t.equal(text(value), '')
    t.ok(Number.isNaN(number(value)))
  }
  t.strictSame(record([1]), {})
  t.strictSame(list({}), [])
  t.equal(parse('{'), undefined)
})

t.test('an id, a time or a code may come as a number or as a text', async t => {
  t.equal(text(12), '12')
  t.equal(text('a\0\uD800b'), 'a\uFFFDb')
  t.equal(number('131047'), 131_047)
  t.equal(number(0), 0)
  t.ok(Number.isNaN(number(' ')))
})

t.test('an outcome whose kind is no text is wrong', async t => {
  t.match(readOutcome({ kind: WITHOUT_TEXT }), { wrong: /kind is none of/ })
  t.match(readLotOutcome('open', { kind: WITHOUT_TEXT }), { wrong: /kind is none of/ })
})
