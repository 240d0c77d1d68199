import t from 'tap'
import { startDispatcher } from '../../src/queue/dispatcher.ts'

/** A job that says that a registration has work is over when a host has it, and not before. */

const LIMITS = { total: 10, group: 10 }
const QUIET = { error: () => {} }

function dispatcherOf(claim: (ids: readonly number[]) => Promise<void>) {
  const source = {
    async claim(ids: readonly number[]) {
      await claim(ids)
      return ids.map(registrationId => ({ registrationId, group: 'one' }))
    },
    settleAndClaim: async () => [],
    release: async (ids: readonly number[]) => ids,
    handOff: async () => [],
    claimed: async () => [],
    process: async () => 'done'
  }
  return startDispatcher(source, LIMITS, QUIET)
}

t.test('claim: a job waits until its registration is claimed', async t => {
  const claimed = Promise.withResolvers<void>()
  const asked: number[] = []
  const dispatcher = dispatcherOf(async ids => {
    asked.push(...ids)
    await claimed.promise
  })
  let over = false
  const job = dispatcher.take(7).then(() => {
    over = true
  })
  await new Promise(resolve => setImmediate(resolve))
  t.same({ asked, over }, { asked: [7], over: false })
  claimed.resolve()
  await job
  t.ok(over)
  await dispatcher.stop(0)
})

t.test('claim: a job whose registration cannot be claimed fails, and the host tries again by itself', async t => {
  const again = Promise.withResolvers<void>()
  let tries = 0
  const dispatcher = dispatcherOf(async () => {
    tries += 1
    if (tries === 1) throw new Error('the database is away')
    again.resolve()
  })
  const alive = setInterval(() => {}, 1_000)
  await t.rejects(dispatcher.take(7), { message: 'the database is away' })
  await again.promise
  await dispatcher.stop(0)
  clearInterval(alive)
  t.equal(tries, 2)
})

t.test('claim: a host that stops takes no job on, and keeps none waiting', async t => {
  const dispatcher = dispatcherOf(async () => {})
  await dispatcher.take(7)
  const last = dispatcher.take(8)
  await dispatcher.stop(1_000)
  await last
  await t.rejects(dispatcher.take(9), { message: 'this host is stopping' })
})
