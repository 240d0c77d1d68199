import t from 'tap'
import { numbered, otherWay, waysOf } from '../../src/protocol/contact.ts'

t.test('a number of a country has two ways to be written, and nothing else has', async t => {
  t.equal(numbered('421905123456'), '+421905123456')
  t.equal(numbered('+421905123456'), '+421905123456')
  t.equal(otherWay('421905123456'), '+421905123456')
  t.equal(otherWay('+421905123456'), '421905123456')
  t.same(waysOf('+421905123456'), ['+421905123456', '421905123456'])
  for (const other of [
    '',
    '+',
    '8800',
    '123456',
    '0905123456',
    '1234567890123456',
    'US.123',
    'ana@example.com',
    '+1 2',
    'INFO'
  ]) {
    t.equal(numbered(other), other)
    t.equal(otherWay(other), null, other)
    t.same(waysOf(other), [other])
  }
})
