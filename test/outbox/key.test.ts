import { STATUSES } from 'channel-kit/chat'
import fc from 'fast-check'
import t from 'tap'
import { incomingKey, refOfIncoming, statusKey, statusKeys } from '../../src/outbox/key.ts'

t.test('outbox keys: no two messages, replays or statuses share one, whatever their ids hold', async t => {
  t.not(statusKey('sent', '7', 1), statusKey('sent', '7 1', 0), 'a replayed message 7 is no message "7 1"')
  const id = fc
    .array(fc.constantFrom('7', '1', ' ', 'sent', 'replay'), { minLength: 1, maxLength: 4 })
    .map(all => all.join(''))
  const item = fc.tuple(fc.constantFrom(...STATUSES), id, fc.nat({ max: 2 }))
  fc.assert(
    fc.property(item, item, (one, other) => {
      const same = JSON.stringify(one) === JSON.stringify(other)
      return (statusKey(...one) === statusKey(...other)) === same
    }),
    { numRuns: 2_000 }
  )
})

t.test(
  'outbox keys: what was told of a message is found by them, also what was told before replays had keys of their own',
  async t => {
    t.same(statusKeys(['sent'], '7', 1), ['status sent 7', 'replay 1 sent 7', 'status sent 7 1'])
    t.equal(refOfIncoming(incomingKey('a b')), 'a b')
  }
)
