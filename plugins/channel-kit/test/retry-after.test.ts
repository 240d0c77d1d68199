import { retryAfterMs } from 'channel-kit/retry-after'
import t from 'tap'

const NOW = new Date('2026-11-27T12:00:00Z')

t.test('Retry-After is read in every spelling, and never waits for more than an hour', async t => {
  for (const [header, ms] of [
    ['10', 10_000],
    [' 1.5 ', 1_500],
    ['30s', 30_000],
    ['Fri, 27 Nov 2026 12:00:20 GMT', 20_000],
    ['Fri, 27 Nov 2026 11:00:00 GMT', undefined],
    ['99999999', 3_600_000],
    ['9'.repeat(400), 3_600_000],
    ['-5', undefined],
    ['0', undefined],
    ['1e400', undefined],
    ['Infinity', undefined],
    ['', undefined],
    [null, undefined]
  ] as const)
    t.equal(retryAfterMs(header, NOW), ms, String(header))
})
