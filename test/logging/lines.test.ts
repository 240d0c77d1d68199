import { stripVTControlCharacters } from 'node:util'
import t from 'tap'
import { createLineLimit, MOST_LINES } from '../../src/logging/line-limit.ts'
import { maskContacts, maskText } from '../../src/logging/mask-contacts.ts'
import { prettyLine } from '../../src/logging/pretty-line.ts'
import { until } from '../harness.ts'

/** Lines of the log: whom they show, how many there are, and how a person reads them. */

t.test('numbers and addresses of people are masked wherever a text has them', async t => {
  for (const [text, masked] of [
    ['no route to +79991234567', 'no route to …67'],
    ['79991234567 is no subscriber', '…67 is no subscriber'],
    ['call +7 (999) 123-45-67!', 'call …67!'],
    ['https://gateway/send?to=%2B421905123456&x=1', 'https://gateway/send?to=…56&x=1'],
    ['mailbox anna.b+c@example.com is full', 'mailbox …@example.com is full'],
    ['/unsubscribe?m=anna%40example.com', '/unsubscribe?m=…@example.com']
  ] as const)
    t.equal(maskText(text), masked)
})

t.test('what is no contact stays: times, ids, addresses of hosts, amounts', async t => {
  for (const text of [
    '2026-11-28T10:25:36.123Z',
    'since 2026-11-28 10:25:36',
    '550e8400-12345678-1234-4567-446655440000',
    'connect ECONNREFUSED 192.168.100.200:5432',
    'gave up after 100 attempts: the gateway answered 503',
    'file.ts:120:17'
  ])
    t.equal(maskText(text), text)
})

t.test('of a line its texts are masked, contacts by their key too, and what operators look for is not', async t => {
  const line = {
    level: 30,
    time: 1_795_862_594_471,
    ref: '1234567890123',
    crmId: '79991234567',
    contact: 'tg://nick',
    reason: 'says "+79991234567"',
    err: { message: 'anna@example.com', stack: 'Error: anna@example.com\n at file.ts:1:2' }
  }
  t.same(JSON.parse(maskContacts(JSON.stringify(line))), {
    ...line,
    contact: '…',
    reason: 'says "…67"',
    err: { message: '…@example.com', stack: 'Error: …@example.com\n at file.ts:1:2' }
  })
})

t.test('masking takes time by the length of a line alone', async t => {
  const started = performance.now()
  for (const hostile of [
    '1'.repeat(200_000),
    '1 '.repeat(100_000),
    'a'.repeat(200_000),
    'a@'.repeat(100_000),
    '\\"'.repeat(100_000)
  ])
    maskContacts(`{"msg":"${hostile}"}`)
  t.ok(performance.now() - started < 5_000)
})

t.test('lines of one kind and registration are limited, and the rest is counted', async t => {
  const told: [string, number][] = []
  const passes = createLineLimit({ omitted: (...one) => told.push(one), windowMs: 50 })
  const event = 'channel.threw'
  const passed = Array.from({ length: 300 }, () => passes({ event, registration: 1 }, 'x')).filter(Boolean)
  t.equal(passed.length, MOST_LINES)
  t.ok(passes({ event, registration: 2 }, 'x'), 'of another registration')
  t.ok(passes({ event: 'channel.other', registration: 1 }, 'x'), 'of another kind')
  t.ok(passes({}, 'a text without an event'))
  await until('the sum', async () => told.length > 0)
  t.same(told, [['channel.threw 1', 300 - MOST_LINES]])
  t.ok(passes({ event, registration: 1 }, 'x'), 'afterwards they are written again')
})

t.test('a person reads time, level, event, text and facts in a line, and an error below it', async t => {
  const line = { level: 40, time: 0, pid: 1, hostname: 'h', event: 'poll.failed', registration: 7, msg: 'poll failed' }
  const shown = prettyLine(JSON.stringify({ ...line, err: { message: 'm', stack: 'Error: m\n    at x' } }))
  t.equal(
    stripVTControlCharacters(shown),
    '00:00:00.000 WARN  poll.failed poll failed registration=7\n      Error: m\n          at x\n'
  )
  t.notMatch(
    prettyLine(JSON.stringify({ ...line, level: 30, msg: 'a\u001b[2Jb' })),
    '\u001b',
    'a gateway moves no cursor'
  )
})
