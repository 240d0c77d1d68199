import { STATUSES, type Status } from 'channel-kit/chat'
import type { Outcome } from 'channel-kit/outcome'
import fc from 'fast-check'
import t from 'tap'
import { decide } from '../../src/delivery/retry-policy.ts'
import { isProgress, wholeStatus } from '../../src/inbound/status-order.ts'

/** Promises held to all inputs instead of a few. What breaks one is printed with the seed that finds it again. */

const NOW = new Date('2026-03-01T12:00:00Z')
/** Any wait that a channel may answer. */
const ms = fc.oneof(fc.nat(100_000), fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }))
const reason = fc.string()

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record({ kind: fc.constant('accepted' as const), ref: fc.string() }),
  fc.record(
    { kind: fc.constant('retry' as const), reason, afterMs: ms },
    { requiredKeys: ['kind', 'reason'] }
  ) as fc.Arbitrary<Outcome>,
  fc.record({ kind: fc.constant('throttled' as const), reason, afterMs: ms }),
  fc.record({ kind: fc.constant('rejected' as const), reason }),
  fc.record(
    { kind: fc.constant('unknown' as const), reason, awaitMs: ms },
    { requiredKeys: ['kind', 'reason'] }
  ) as fc.Arbitrary<Outcome>
)
const policy = fc.record({ attempts: fc.integer({ min: 1, max: 20 }), intervalMs: fc.nat(1_000_000) })

/** How a gateway's outcomes, one after the other, become a message's life: until it is settled. */
function live(outcomes: readonly Outcome[], repeats: boolean, how: { attempts: number; intervalMs: number }) {
  const steps: { outcome: Outcome; step: ReturnType<typeof decide> }[] = []
  let attempt = 1
  for (const outcome of outcomes) {
    const step = decide(outcome, attempt, repeats, how, NOW)
    steps.push({ outcome, step })
    if (step.kind === 'accepted' || step.kind === 'failed') break
    if (step.kind === 'again') attempt += 1
  }
  return steps
}

const lives = [fc.array(outcome, { minLength: 1, maxLength: 60 }), fc.boolean(), policy] as const

t.test(
  'retry policy: a message is never sent after it was accepted or rejected, and that it was is never denied',
  async t => {
    fc.assert(
      fc.property(...lives, (outcomes, repeats, how) => {
        const steps = live(outcomes, repeats, how)
        for (const [index, { outcome, step }] of steps.entries()) {
          const last = index === steps.length - 1
          if (outcome.kind === 'accepted') return last && step.kind === 'accepted'
          if (outcome.kind === 'rejected') return last && step.kind === 'failed' && step.reason === outcome.reason
        }
        return steps.every(({ step }) => step.kind !== 'accepted')
      })
    )
    t.pass()
  }
)

t.test('retry policy: attempts are bounded, and throttling counts for none', async t => {
  fc.assert(
    fc.property(...lives, (outcomes, repeats, how) => {
      const counted = live(outcomes, repeats, how).filter(({ step }) => step.kind !== 'paused')
      const all = outcomes.every(({ kind }) => kind === 'retry')
      // The last one may be waited for, and is then asked about once more.
      const most = how.attempts + (counted.at(-2)?.step.doubt ? 1 : 0)
      return counted.length <= most && (!all || counted.length === Math.min(outcomes.length, how.attempts))
    })
  )
  fc.assert(
    fc.property(ms, reason, policy, (afterMs, reason, how) => {
      const step = decide({ kind: 'throttled', reason, afterMs }, how.attempts, false, how, NOW)
      return step.kind === 'paused'
    })
  )
  t.pass()
})

t.test('retry policy: a message that may have left is sent again only with retryUnknown', async t => {
  fc.assert(
    fc.property(...lives, (outcomes, repeats, how) =>
      live(outcomes, repeats, how).every(
        ({ outcome, step }) =>
          outcome.kind !== 'unknown' ||
          repeats ||
          (step.kind === 'failed' && /uncertain/.test(step.reason)) ||
          (step.kind === 'again' && outcome.awaitMs !== undefined && step.doubt !== undefined)
      )
    )
  )
  t.pass()
})

t.test('retry policy: no attempt is due before now, nor at a time that the database cannot hold', async t => {
  fc.assert(
    fc.property(...lives, (outcomes, repeats, how) =>
      live(outcomes, repeats, how).every(({ step }) => {
        if (step.kind !== 'again' && step.kind !== 'paused') return true
        const time = step.kind === 'again' ? step.at : step.until
        return time >= NOW && /^\d{4}-/.test(time.toISOString())
      })
    )
  )
  t.pass()
})

/** Every sequence of statuses of a length, with every repetition. */
function* sequences(length: number): Generator<readonly Status[]> {
  if (length === 0) return yield []
  for (const rest of sequences(length - 1)) for (const status of STATUSES) yield [...rest, status]
}

/** The statuses that the CRM is told. */
function told(reported: readonly Status[]): Status[] {
  const heard: Status[] = []
  for (const status of reported) if (isProgress(heard.at(-1) ?? null, status)) heard.push(status)
  return heard
}

const ORDER = ['sent', 'delivered', 'read']

t.test(
  'statuses: in whatever order and how often they are reported, the CRM gets each at most once and none goes back',
  async t => {
    const all = [1, 2, 3, 4, 5, 6, 7].flatMap(length => [...sequences(length)])
    for (const reported of all) {
      const heard = told(reported)
      const steps = heard.filter(status => status !== 'error').map(status => ORDER.indexOf(status))
      const wrong =
        new Set(heard).size < heard.length ||
        steps.some((step, index) => index > 0 && step <= (steps[index - 1] ?? 0)) ||
        heard.slice(0, -1).includes('error') ||
        (heard.at(-1) === 'error' && heard.some(status => status === 'delivered' || status === 'read'))
      if (wrong) t.fail(`${reported.join()} became ${heard.join()}`)
    }
    t.equal(all.length, 21_844)
  }
)

t.test(
  'statuses: the last one of the CRM is the furthest that was reported, an error counting only before delivery',
  async t => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom(...STATUSES), { minLength: 1, maxLength: 30 }), reported => {
        const decisive = reported.find(status => status !== 'sent')
        const furthest = ORDER.findLast(status => reported.includes(status as Status))
        return told(reported).at(-1) === (decisive === 'error' ? 'error' : furthest)
      })
    )
    t.pass()
  }
)

t.test('statuses: a message in parts never goes back, whatever is reported of which part', async t => {
  const report = fc.record({ part: fc.nat(3), status: fc.constantFrom(...STATUSES) })
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 4 }), fc.array(report, { maxLength: 40 }), (count, reports) => {
      const parts = Array.from({ length: count }, (_, part) => ({ part, status: null as Status | null }))
      const heard: Status[] = []
      for (const { part, status } of reports) {
        const one = parts[part]
        if (one && isProgress(one.status, status)) one.status = status
        const whole = wholeStatus(parts)
        if (whole && isProgress(heard.at(-1) ?? null, whole)) heard.push(whole)
      }
      const failed = parts.some(({ status }) => status === 'error')
      const least = Math.min(...parts.map(({ status }) => ORDER.indexOf(status ?? '')))
      return heard.at(-1) === (failed ? 'error' : ORDER[least]) && told(heard).join() === heard.join()
    })
  )
  t.pass()
})
