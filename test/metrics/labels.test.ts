import t from 'tap'
import { amountOf, channelsOf, createWords, OTHER } from '../../src/metrics/labels.ts'

/** Labels: no tenant and no gateway makes as many series as it likes. */

t.test('words of a gateway are bounded, those of each channel by themselves', async t => {
  const words = createWords()
  const named = Array.from({ length: 100 }, (_, index) => words('a category', `word ${index}`))
  t.equal(new Set(named).size, 31)
  t.equal(named.at(-1), OTHER)
  t.equal(words('a category', 'word 3'), 'word 3', 'one that was there stays')
  t.equal(words('b category', 'word 99'), 'word 99')
  t.equal(words('b category', 'x"} 1\nchat_hosts 9'), OTHER, 'no text gets out of its label')
  t.equal(words('b category', 'w'.repeat(1_000)).length, 40)
})

t.test('a channel that is not mounted is `other`, and so is one that cannot be looked up', async t => {
  const asked: number[] = []
  const channels = channelsOf(['echo'], async id => {
    asked.push(id)
    if (id === 3) throw new Error('the database is away')
    return { channel: id === 1 ? 'echo' : 'unmounted' }
  })
  const channelOf = (id: number) => new Promise(resolve => channels.with(id, resolve))
  t.same(await Promise.all([1, 2, 3].map(channelOf)), ['echo', OTHER, OTHER])
  t.same(await Promise.all([1, 2].map(channelOf)), ['echo', OTHER])
  t.same(asked, [1, 2, 3], 'each is looked up once')
  t.equal(await channelOf(3), OTHER)
  t.equal(asked.length, 4, 'but for one that could not be')
})

t.test('a price counts once as it grows, and units where there is no amount', async t => {
  const unit = 'message'
  t.same(amountOf({ unit, amount: 2, currency: 'eur' }, null), { added: 2, currency: 'EUR' })
  t.same(amountOf({ unit, amount: 3, currency: 'EUR' }, { unit, amount: 2 }), { added: 1, currency: 'EUR' })
  t.same(amountOf({ unit, amount: 1, currency: 'EUR' }, { unit, amount: 2 }), { added: 0, currency: 'EUR' })
  t.same(amountOf({ unit, amount: Number.NaN, currency: 'much' }, null), { added: 0, currency: OTHER })
  t.same(amountOf({ unit }, null), { added: 1, currency: 'none' })
  t.same(amountOf({ unit, count: 3 }, { unit, count: 1 }), { added: 2, currency: 'none' })
  t.same(amountOf({ unit, amount: 3, currency: 'EUR' }, { unit }), { added: 3, currency: 'EUR' })
})
