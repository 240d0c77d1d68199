import t from 'tap'
import { operatorOfPrefix, resolveOperator, type Traces } from '../src/operators.ts'

const PHONES = {
  T: ['901', '902', '903', '904', '909', '910', '911', '912', '914'],
  O: ['905', '906', '907', '908', '915', '916', '917', '918', '919', '945'],
  2: ['940', '944', '947', '948', '949'],
  S: ['950', '951']
}

t.test('a prefix belongs to one operator or to nobody', async t => {
  const all = Array.from({ length: 100 }, (_, index) => String(900 + index))
  const named = Object.entries(PHONES).flatMap(([operator, prefixes]) => prefixes.map(prefix => [prefix, operator]))
  t.equal(named.length, 26)
  const known = new Map(named as [string, string][])
  for (const prefix of all) t.equal(operatorOfPrefix(`+421${prefix}123456`), known.get(prefix), prefix)
})

const NOON = new Date('2025-09-01T12:00:00Z')
const LATER = new Date('2025-09-01T13:00:00Z')

/** By default a number of Orange of whom nothing else is known. */
const resolved = (traces: Partial<Traces>) =>
  resolveOperator({ lastIncoming: undefined, memory: null, phone: '+421905000002', fallback: undefined, ...traces })

t.test('what the customer wrote by comes first, then a success, then the prefix, then the default', async t => {
  const [lastIncoming, memory, fallback] = [{ operator: 'T' as const, at: NOON }, { operator: 'S' }, '2' as const]
  const phone = '+421900123456'
  t.match(resolved({ lastIncoming, memory, fallback }), { operator: 'T' })
  t.match(resolved({ memory, fallback }), { operator: 'S' })
  t.match(resolved({ fallback }), { operator: 'O' })
  t.match(resolved({ fallback, phone }), { operator: '2' })
  t.same(resolved({ phone }), { kind: 'none', left: undefined })
})

t.test('an operator that the customer wrote by and that we do not know is passed over', async t => {
  t.match(resolved({ lastIncoming: { operator: undefined, at: NOON } }), { operator: 'O' })
})

t.test('an operator that the number has left is not tried again until the customer writes by it', async t => {
  const memory = { left: 'O', at: NOON.toISOString() }
  const before = { operator: 'O' as const, at: new Date('2025-09-01T11:00:00Z') }
  t.same(resolved({ memory }), { kind: 'none', left: 'O' })
  t.same(resolved({ memory, fallback: 'O' }), { kind: 'none', left: 'O' })
  t.match(resolved({ memory, fallback: 'T' }), { operator: 'T' })
  t.match(resolved({ memory, lastIncoming: before, fallback: 'T' }), { operator: 'T' })
  t.match(resolved({ memory, lastIncoming: { ...before, operator: 'S' } }), { operator: 'S' })
  t.match(resolved({ memory, lastIncoming: { operator: 'O', at: LATER } }), { operator: 'O' })
})

t.test('a memory of another make is no memory', async t => {
  for (const memory of [undefined, 'T', 7, [], { operator: 'X' }, { left: 'O' }, { left: 'O', at: 1 }])
    t.match(resolved({ memory }), { operator: 'O' }, JSON.stringify(memory))
})
