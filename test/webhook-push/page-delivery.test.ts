import fc from 'fast-check'
import t from 'tap'
import type { FedEvent } from '../../src/events/feed.ts'
import type { PushAnswer } from '../../src/webhook-push/attempt.ts'
import { type Cursor, deliverPage, MAX_AT_ONCE } from '../../src/webhook-push/page-delivery.ts'

/** A page of events, delivered to a receiver that fails as chance has it. */

const DELIVERED: PushAnswer = { kind: 'delivered', status: 200 }
const FAILED: PushAnswer = { kind: 'failed', status: 500, reason: 'it answered 500', retryAfterMs: null }

const event = (position: number, conversationId: number | null) =>
  ({ position, registrationId: 1, conversationId, at: new Date(0), type: 'message.status', body: {} }) as FedEvent

/** Resolves after some turns of the loop. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await new Promise(resolve => setImmediate(resolve))
}

t.test('order: each conversation gets its events in order, each once, though any attempt may fail', async t => {
  const attempts = fc.infiniteStream(fc.record({ fails: fc.boolean(), turns: fc.nat(3) }))
  const conversations = fc.array(fc.option(fc.integer({ min: 1, max: 12 })), { minLength: 1, maxLength: 40 })
  await fc.assert(
    fc.asyncProperty(conversations, attempts, async (talks, chance) => {
      const events = talks.map((conversation, index) => event(10 * (index + 1), conversation))
      const next = 1_000
      const got: FedEvent[] = []
      let cursor: Cursor = { position: 0, ahead: [] }
      while (cursor.position < next) {
        const { position: after } = cursor
        const page = { events: events.filter(one => one.position > after), next }
        let [begun, most] = [0, 0]
        const delivery = await deliverPage(page, cursor, {
          atOnce: MAX_AT_ONCE,
          async push(one) {
            begun += 1
            most = Math.max(most, begun)
            const [{ fails, turns: many } = { fails: false, turns: 0 }] = chance.take(1)
            await turns(many)
            begun -= 1
            if (fails) return FAILED
            got.push(one)
            return DELIVERED
          },
          isOver: () => false,
          progressed: () => {}
        })
        if (most > MAX_AT_ONCE) return false
        const { position, ahead } = delivery.cursor()
        const done = new Set(got.map(one => one.position))
        // The cursor is behind what was delivered without a gap, and names the rest.
        if (events.some(one => (one.position <= position || ahead.includes(one.position)) !== done.has(one.position)))
          return false
        if (!delivery.failure && position !== next) return false
        cursor = { position, ahead }
      }
      t.equal(got.length, events.length)
      for (const lane of Map.groupBy(got, ({ conversationId }) => conversationId).values())
        t.same(
          lane.map(({ position }) => position),
          lane.map(({ position }) => position).toSorted((one, other) => one - other)
        )
      return true
    }),
    { numRuns: 200 }
  )
})

t.test('a failure ends the page: nothing is begun after it, what is on its way still counts', async t => {
  const events = Array.from({ length: 30 }, (_, index) => event(index + 1, index + 1))
  const pushed: number[] = []
  const { failure, delivered, cursor } = await deliverPage(
    { events, next: 30 },
    { position: 0, ahead: [] },
    {
      atOnce: MAX_AT_ONCE,
      async push({ position }) {
        pushed.push(position)
        await turns(position === 1 ? 1 : 2)
        return position === 1 ? FAILED : DELIVERED
      },
      isOver: () => false,
      progressed: () => {}
    }
  )
  t.same(failure, FAILED)
  t.same(pushed, [1, 2, 3, 4, 5, 6, 7, 8])
  t.equal(delivered, 7)
  t.same(cursor(), { position: 0, ahead: [2, 3, 4, 5, 6, 7, 8] })
})

t.test('a host that stops begins nothing more, and what was interrupted counts as not delivered', async t => {
  const events = [event(1, 1), event(2, 1), event(3, 1)]
  let isOver = false
  const { failure, cursor } = await deliverPage(
    { events, next: 3 },
    { position: 0, ahead: [] },
    {
      atOnce: MAX_AT_ONCE,
      async push({ position }) {
        if (position === 1) return DELIVERED
        isOver = true
        return { kind: 'interrupted' }
      },
      isOver: () => isOver,
      progressed: () => {}
    }
  )
  t.equal(failure, undefined)
  t.same(cursor(), { position: 1, ahead: [] })
})
