import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import { within } from '../../src/http-client/timeout.ts'
import { until } from '../harness.ts'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc') as () => void

t.test('a call that takes too long is told so', async t => {
  // A deadline alone does not keep a process.
  const alive = setInterval(() => {}, 1_000)
  t.teardown(() => clearInterval(alive))
  const reason = await within(
    20,
    signal => new Promise<unknown>(resolve => signal.addEventListener('abort', () => resolve(signal.reason)))
  )
  t.match(reason, { name: 'TimeoutError' })
})

t.test('what a call listened with is not kept when it has ended', async t => {
  const heard: WeakRef<object>[] = []
  await within(600_000, async signal => {
    const listener = () => {}
    signal.addEventListener('abort', listener)
    heard.push(new WeakRef(signal), new WeakRef(listener))
  })
  await until('both to be collected', async () => {
    collect()
    return heard.every(ref => ref.deref() === undefined)
  })
  t.pass('nothing holds them')
})

t.test('what a call throws comes through, and its signal stays silent', async t => {
  const aborted: boolean[] = []
  const failing = within(600_000, async signal => {
    aborted.push(signal.aborted)
    throw new Error('refused')
  })
  await t.rejects(failing, { message: 'refused' })
  t.same(aborted, [false])
})
