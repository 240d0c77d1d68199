import t from 'tap'
import { failures } from './failures.ts'

t.test('what failed is told with its file and its difference, without what passed and without the source', async t => {
  const stream = [
    'TAP version 14',
    '# Subtest: test/good.test.ts',
    '    ok 1 - holds # time=1ms',
    'ok 1 - test/good.test.ts',
    '# Subtest: test/bad.test.ts',
    '    # Subtest: one is two',
    '        not ok 1 - should be equal',
    '          ---',
    '          source: |',
    '            t.equal(1, 2)',
    '          diff: |',
    '            -2',
    '            +1',
    '          ...',
    '    not ok 1 - one is two',
    '    ok 2 - one is one',
    'not ok 2 - test/bad.test.ts',
    '  ---',
    '  exitCode: 1',
    '  ...',
    '# { total: 3, pass: 2, fail: 1 }'
  ].join('\n')
  t.equal(
    failures(stream),
    [
      '',
      'test/bad.test.ts: not ok 1 - should be equal',
      '          ---',
      '          diff: |',
      '            -2',
      '            +1',
      '          ...',
      '',
      'test/bad.test.ts: not ok 1 - one is two',
      '',
      'test/bad.test.ts: not ok 2 - test/bad.test.ts',
      '  ---',
      '  exitCode: 1',
      '  ...',
      ''
    ].join('\n')
  )
})
