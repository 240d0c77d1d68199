import fc from 'fast-check'
import t from 'tap'
import { type HostLoad, planHandOff } from '../../src/queue/rebalance-plan.ts'

/** Plans of hand-offs. Loads and rates are items a second. */

const rates = (...all: number[]) => new Map(all.map((rate, index) => [index + 1, rate]))
const loads = (given: Record<string, number>): HostLoad[] =>
  Object.entries(given).map(([host, perSecond]) => ({ host, perSecond }))

t.test('plan: a host that has just come up is given half of the other host’s load', async t => {
  t.same(planHandOff('a', loads({ a: 1_600, b: 0 }), rates(400, 400, 400, 400)), { to: 'b', registrationIds: [1, 2] })
  t.same(planHandOff('b', loads({ a: 1_600, b: 0 }), rates()), undefined)
})

t.test(
  'plan: the busiest host gives to the least busy one, the next to the next, and one in the middle nothing',
  async t => {
    const all = loads({ a: 900, b: 800, c: 400, d: 100, e: 0 })
    const own = rates(100, 100, 100, 100, 100, 100, 100, 100)
    t.equal(planHandOff('a', all, own)?.to, 'e')
    t.equal(planHandOff('b', all, own)?.to, 'd')
    t.equal(planHandOff('c', all, own), undefined)
    t.equal(planHandOff('d', all, own), undefined)
  }
)

t.test('plan: a registration that would not make loads more alike stays', async t => {
  t.equal(planHandOff('a', loads({ a: 1_000, b: 0 }), rates(1_000)), undefined, 'one account can not be parted')
  t.same(planHandOff('a', loads({ a: 1_000, b: 0 }), rates(800, 200)), { to: 'b', registrationIds: [2] })
  t.equal(planHandOff('a', loads({ a: 90, b: 0 }), rates(45, 45)), undefined, 'little to do')
  t.equal(planHandOff('a', loads({ a: 1_000, b: 800 }), rates(100, 900)), undefined, 'nearly alike')
  t.equal(planHandOff('a', loads({ b: 0, c: 10 }), rates(500, 500)), undefined, 'a host that is not known yet')
  t.equal(planHandOff('a', loads({ a: 500 }), rates(250, 250)), undefined, 'a host by itself')
})

t.test('plan: hosts that follow it come to rest, and the busiest never gets busier', async t => {
  const accounts = fc.array(fc.integer({ min: 0, max: 2_000 }), { minLength: 1, maxLength: 40 })
  fc.assert(
    fc.property(accounts, fc.integer({ min: 1, max: 6 }), (accounts, count) => {
      const hosts = Array.from({ length: count }, (_, index) => ({ host: `h${index}`, rates: rates() }))
      for (const [id, rate] of accounts.entries()) hosts[0]?.rates.set(id, rate)
      for (let round = 0; round < 100; round++) {
        const before = most(hosts)
        if (!give(hosts)) return
        if (most(hosts) > before) throw new Error('the busiest has more to do than before')
      }
      throw new Error('they give without end')
    })
  )
  t.pass()
})

interface Host {
  host: string
  rates: Map<number, number>
}

/** A round of all hosts at once. True if any host handed registrations off. */
function give(hosts: readonly Host[]): boolean {
  const before = hosts.map(({ host, rates }) => ({ host, perSecond: sum(rates) }))
  const given = hosts.flatMap(({ host, rates }) => {
    const found = planHandOff(host, before, rates)
    return found ? [{ rates, ...found }] : []
  })
  for (const { rates, to, registrationIds } of given) {
    const other = hosts.find(({ host }) => host === to)
    for (const id of registrationIds) {
      other?.rates.set(id, rates.get(id) ?? 0)
      rates.delete(id)
    }
  }
  return given.length > 0
}

const most = (hosts: readonly Host[]) => Math.max(...hosts.map(({ rates }) => sum(rates)))
const sum = (rates: ReadonlyMap<number, number>) => [...rates.values()].reduce((all, one) => all + one, 0)
