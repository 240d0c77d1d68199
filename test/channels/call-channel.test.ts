import { bareChannel } from 'channel-kit/testing'
import t from 'tap'
import { beforeDeadline, callChannel } from '../../src/channels/call-channel.ts'

const never = () => new Promise<never>(() => {})
const log = { error: () => {} }

t.test('a verb is not called after its deadline, and nobody waits for it', async t => {
  let calls = 0
  const verb = () => {
    calls += 1
    return never()
  }
  await t.rejects(beforeDeadline(AbortSignal.abort(), verb), { message: 'the channel did not answer in time' })
  const target = { channel: bareChannel, tools: { log } as never, sent: () => false }
  t.match(await callChannel('send', target, verb, AbortSignal.abort()), {
    kind: 'unanswered',
    outcome: { kind: 'retry', reason: 'the channel did not answer in time' }
  })
  t.equal(calls, 0)
})

t.test('a verb that ends at its deadline or not at all is late', async t => {
  const deadline = new AbortController()
  const ends = new Promise<string>(resolve => deadline.signal.addEventListener('abort', () => resolve('done')))
  const late = { message: 'the channel did not answer in time' }
  const all = [beforeDeadline(deadline.signal, () => ends), beforeDeadline(deadline.signal, never)]
  deadline.abort()
  for (const one of all) await t.rejects(one, late)
})
