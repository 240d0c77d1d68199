import t from 'tap'
import { OPERATORS } from '../src/operators.ts'
import { classify, refOf, reportEvent } from '../src/status.ts'

const NOW = new Date('2025-09-01T12:00:00Z')
const KNOWN = { billkey: 'AZ19', now: NOW }

t.test('every code of the table has its meaning, whatever the operator', async t => {
  for (const [report, codes] of [
    ['billed', ['A0', 'A00', 'A00000']],
    ['error', ['A1', 'A01', 'A500', 'A1023']],
    ['not_delivered', ['A1024', 'A01024', 'A99999']],
    ['delivered', ['D1', 'D01', 'D00001']],
    ['error', ['D2', 'D02', 'D1024', 'D99999']],
    ['operator_changed', ['_OPERATOR_CHANGE']],
    ['error', ['', 'a0', 'd1', 'B1', 'A', 'D', 'A100000', 'D000001', 'AA1', 'D1x', 'D-1', '_operator_change', 'D1\n']]
  ] as const)
    for (const code of codes)
      for (const operator of [...OPERATORS, undefined]) t.equal(classify(code, operator), report, `${code} ${operator}`)
})

t.test('D0 is delivered by O2, and not delivered by anybody else', async t => {
  t.equal(classify('D0', '2'), 'delivered')
  for (const operator of ['T', 'O', 'S', undefined] as const) t.equal(classify('D0', operator), 'not_delivered')
})

t.test('a report says what it is for each operator that the message may have gone to', async t => {
  t.same(
    reportEvent('40000001', 'D0', KNOWN).statuses.map(({ ref, status, remember }) => [ref, status, remember]),
    [
      ['40000001/T', 'error', undefined],
      ['40000001/O', 'error', undefined],
      ['40000001/2', 'delivered', { operator: '2' }],
      ['40000001/S', 'error', undefined]
    ]
  )
  t.equal(refOf('40000001', '2'), '40000001/2')
})

t.test('a success is remembered, a move too, and an error says its code', async t => {
  const told = (code: string) => reportEvent('4', code, KNOWN).statuses[1]
  t.same(told('D1'), { kind: 'status', ref: '4/O', status: 'delivered', code: 'D1', remember: { operator: 'O' } })
  t.match(told('A0'), {
    status: 'sent',
    reason: /charged.*A0/,
    remember: { operator: 'O' },
    cost: { unit: 'message', type: 'billed', category: 'AZ19' }
  })
  t.match(told('_OPERATOR_CHANGE'), {
    status: 'returned',
    reason: /no longer with Orange/,
    remember: { left: 'O', at: '2025-09-01T12:00:00.000Z' }
  })
  for (const code of ['D0', 'A1', 'A1024', 'D2', 'x'])
    t.match(told(code), { status: 'error', code, reason: new RegExp(code), remember: undefined }, code)
  for (const odd of ['', 'x'.repeat(33), 'D 1']) t.notOk('code' in (told(odd) ?? {}), odd)
  t.match(told(''), { status: 'error', reason: /without a code/ })
})
