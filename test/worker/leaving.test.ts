import t from 'tap'
import { startPump } from '../../src/queue/dispatcher.ts'
import type { Item } from '../../src/queue/work-source.ts'
import { until } from '../harness.ts'

/** A registration that goes to another host. */

const QUIET = { error: () => {} }

/** A pump with one registration, of which there is always one more item in each of its conversations. Work ends when it is told to. */
async function busy({ alive = true } = {}) {
  const events: string[] = []
  const conversations = [1]
  let inHand = Promise.withResolvers<string>()
  const pump = startPump<Item, string>(
    {
      claim: async ids => ids.map(registrationId => ({ registrationId, group: 'one' })),
      async turn(done, wants, busy) {
        if (done.length > 0) events.push(`settled ${done.join()}`)
        const free = wants.length > 0 ? conversations.filter(id => !busy.includes(id)) : []
        events.push(...free.map(id => `taken ${id}`))
        return free.map(conversationId => ({ registrationId: 7, conversationId }))
      },
      rest: async ids => ids,
      async hand(ids, to) {
        events.push(`handed ${ids.join()} to ${to}`)
        return alive ? [] : ids
      },
      mine: async () => [7],
      async work() {
        const result = await inHand.promise
        inHand = Promise.withResolvers()
        return result
      }
    },
    { total: 10, group: 10 },
    QUIET
  )
  await pump.take(7)
  await until('an item to be in hand', async () => events.length > 0)
  return { pump, events, conversations, end: (result: string) => inHand.resolve(result) }
}

const heard = (events: readonly string[], event: string) => until(event, async () => events.includes(event))

t.test('it goes once what was in hand is settled, and nothing more of it is taken', async t => {
  const { pump, events, end } = await busy()
  pump.hand([7], 'b')
  end('first')
  await heard(events, 'handed 7 to b')
  t.same(events, ['taken 1', 'settled first', 'handed 7 to b'])

  // As if the other one had given it back.
  await pump.adopt()
  await until('it to be taken on again', async () => events.length > 3)
  t.equal(events.at(3), 'taken 1')
  end('second')
  await pump.stop(1_000)
})

t.test('it stays where the other host is gone', async t => {
  const { pump, events, end } = await busy({ alive: false })
  pump.hand([7], 'b')
  end('first')
  await until('more of it to be taken', async () => events.length > 3)
  t.same(events.slice(0, 4), ['taken 1', 'settled first', 'handed 7 to b', 'taken 1'])
  end('second')
  await pump.stop(1_000)
})

t.test('it stays where an item of it does not end, and the others of it go on', async t => {
  const { pump, events, conversations, end } = await busy()
  pump.hand([7], 'b')
  conversations.push(2)
  await heard(events, 'taken 2')
  t.same(events, ['taken 1', 'taken 2'])
  conversations.length = 0
  end('both')
  await pump.stop(1_000)
})

t.test('items that were begun count once in its rate', async t => {
  const { pump, events, end } = await busy()
  end('first')
  await until('a second item', async () => events.filter(event => event === 'taken 1').length === 2)
  const rate = pump.rates().get(7) ?? 0
  t.ok(rate > 0, `${rate} a second`)
  t.equal(pump.rates().get(7), 0)
  end('second')
  await pump.stop(1_000)
})
