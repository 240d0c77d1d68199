import t from 'tap'
import { startDispatcher } from '../../src/queue/dispatcher.ts'
import type { QueueItem } from '../../src/queue/work-source.ts'
import { until } from '../harness.ts'

/** A registration that goes to another host. */

const QUIET = { error: () => {} }

/** A dispatcher with one registration, of which there is always one more item in each of its conversations. Work ends when it is told to. */
async function busy({ alive = true } = {}) {
  const events: string[] = []
  const conversations = [1]
  let inHand = Promise.withResolvers<string>()
  const dispatcher = startDispatcher<QueueItem, string>(
    {
      claim: async ids => ids.map(registrationId => ({ registrationId, group: 'one' })),
      async settleAndClaim(done, wants, busy) {
        if (done.length > 0) events.push(`settled ${done.join()}`)
        const free = wants.length > 0 ? conversations.filter(id => !busy.includes(id)) : []
        events.push(...free.map(id => `taken ${id}`))
        return free.map(conversationId => ({ registrationId: 7, conversationId }))
      },
      release: async ids => ids,
      async handOff(ids, to) {
        events.push(`handed ${ids.join()} to ${to}`)
        return alive ? [] : ids
      },
      claimed: async () => [7],
      async process() {
        const result = await inHand.promise
        inHand = Promise.withResolvers()
        return result
      }
    },
    { total: 10, group: 10 },
    QUIET
  )
  await dispatcher.take(7)
  await until('an item to be in hand', async () => events.length > 0)
  return { dispatcher, events, conversations, end: (result: string) => inHand.resolve(result) }
}

const heard = (events: readonly string[], event: string) => until(event, async () => events.includes(event))

t.test('hand-off: a registration goes once its items in hand are settled, and no more of them are taken', async t => {
  const { dispatcher, events, end } = await busy()
  dispatcher.handOff([7], 'b')
  end('first')
  await heard(events, 'handed 7 to b')
  t.same(events, ['taken 1', 'settled first', 'handed 7 to b'])

  // As if the other one had given it back.
  await dispatcher.adopt()
  await until('it to be taken on again', async () => events.length > 3)
  t.equal(events.at(3), 'taken 1')
  end('second')
  await dispatcher.stop(1_000)
})

t.test('hand-off: a registration stays where the other host is gone', async t => {
  const { dispatcher, events, end } = await busy({ alive: false })
  dispatcher.handOff([7], 'b')
  end('first')
  await until('more of it to be taken', async () => events.length > 3)
  t.same(events.slice(0, 4), ['taken 1', 'settled first', 'handed 7 to b', 'taken 1'])
  end('second')
  await dispatcher.stop(1_000)
})

t.test('hand-off: a registration stays where an item of it does not end, and its other items go on', async t => {
  const { dispatcher, events, conversations, end } = await busy()
  dispatcher.handOff([7], 'b')
  conversations.push(2)
  await heard(events, 'taken 2')
  t.same(events, ['taken 1', 'taken 2'])
  conversations.length = 0
  end('both')
  await dispatcher.stop(1_000)
})

t.test('hand-off: items that were begun count once in the rate of their registration', async t => {
  const { dispatcher, events, end } = await busy()
  end('first')
  await until('a second item', async () => events.filter(event => event === 'taken 1').length === 2)
  const rate = dispatcher.rates().get(7) ?? 0
  t.ok(rate > 0, `${rate} a second`)
  t.equal(dispatcher.rates().get(7), 0)
  end('second')
  await dispatcher.stop(1_000)
})
