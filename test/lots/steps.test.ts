import type { Lots } from 'channel-kit/lots'
import t from 'tap'
import { until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { build, lotGateway } from './lot-gateway.ts'

type Verbs = Lots<unknown, unknown>

/** Answers of a list, one a call; the last one is repeated. */
const answers = <Answer>(...list: Answer[]) => {
  const left = [...list]
  return async () => (left.length > 1 ? left.shift() : left[0]) as Answer
}

const WINDOW = { windowMs: 1_000 }

async function run(t: Parameters<typeof build>[0], script: Partial<Verbs>, limits = {}, texts = ['one', 'two']) {
  const gateway = lotGateway({ ...WINDOW, ...limits }, script)
  const built = await build(t, gateway)
  await Promise.all(texts.map((words, index) => built.plugin.send(text(String(index), words))))
  return { gateway, ...built }
}

t.test('chunk: its bad items are found by halving it, and they alone fail', async t => {
  const bad = new Set(['text 3', 'text 40', 'text 99'])
  const gateway = lotGateway({ ...WINDOW, items: 100, windowMs: 600_000 })
  const { add } = gateway.well
  gateway.script.add = async (lot, items, tools) =>
    items.some(item => bad.has(item as string))
      ? { kind: 'rejected', reason: 'a phone is wrong' }
      : add(lot, items, tools)
  const { plugin, ended, settled, sql } = await build(t, gateway)
  await Promise.all(Array.from({ length: 100 }, (_, index) => plugin.send(text(String(index), `text ${index}`))))
  const [lot] = await ended()
  const rows = await settled()

  t.match(lot, { state: 'finished' })
  t.same(
    rows.filter(({ state }) => state === 'failed').map(({ reason }) => reason),
    Array(3).fill('a phone is wrong')
  )
  const failed = await sql`select body->'content'->>'text' words from messages where state = 'failed'`
  t.same(new Set(failed.map(({ words }) => words)), bad)
  const order = await sql`select item words from lot_items where state = 'accepted' order by id`
  t.same(
    gateway.lots[0]?.items,
    order.map(({ words }) => words),
    'the others are in the order of the lot, each once'
  )
  t.equal(gateway.lots[0]?.closed, true)
})

t.test('sending: a lot of which no item is accepted fails, and is not closed', async t => {
  const { gateway, ended, settled } = await run(t, { add: answers({ kind: 'rejected', reason: 'no' }) })
  t.match(await ended(), [{ state: 'failed', code: 'rejected', retryable: false, step: 'sending' }])
  t.match(await settled(), [
    { state: 'failed', reason: 'no' },
    { state: 'failed', reason: 'no' }
  ])
  t.same(gateway.calls, ['open', 'add 2', 'add 1', 'add 1'])
})

t.test('retry: a call without effect is repeated as often as the settings say', async t => {
  const busy = { kind: 'retry', reason: 'busy', afterMs: 10 } as const
  const gateway = lotGateway(WINDOW)
  const { open, add, close } = gateway.well
  const [opens, adds, closes] = [
    answers(false, false, true),
    answers(false, true),
    answers(...Array(4).fill(false), true)
  ]
  Object.assign(gateway.script, {
    open: async (...given: Parameters<Verbs['open']>) => ((await opens()) ? open(...given) : busy),
    add: async (...given: Parameters<Verbs['add']>) => ((await adds()) ? add(...given) : busy),
    close: async (...given: Parameters<Verbs['close']>) => ((await closes()) ? close(...given) : busy)
  })
  const { plugin, ended, settled } = await build(t, gateway)
  await plugin.send(text('1', 'one'))
  t.match(await settled(), [{ state: 'accepted' }])
  t.match(await ended(), [{ state: 'finished' }], 'closing is tried more often than the three times of the settings')
  t.same(gateway.calls, [...Array(3).fill('open'), ...Array(2).fill('add 1'), ...Array(5).fill('close')])
})

t.test('attempts: a lot that cannot be opened or filled fails when they are used up', async t => {
  const busy = { kind: 'retry', reason: 'busy', afterMs: 10 } as const
  const opened = await run(t, { open: answers(busy) })
  t.match(await opened.ended(), [{ state: 'failed', code: 'unreachable', step: 'creating', retryable: true }])
  t.match(await opened.settled(), [{ state: 'failed', reason: 'gave up after 3 attempts: busy' }, {}])
  t.equal(opened.gateway.calls.length, 3)

  const filled = await run(t, { add: answers(busy) })
  t.match(await filled.ended(), [{ state: 'failed', code: 'unreachable', step: 'sending', retryable: true }])
  t.match(await filled.settled(), [{ state: 'failed', reason: 'gave up after 3 attempts: busy' }, {}])
})

t.test('throttled: the registration is paused, and no attempt is counted', async t => {
  let open = false
  const gateway = lotGateway(WINDOW)
  const well = gateway.well.open
  gateway.script.open = async (...given) =>
    open ? well(...given) : { kind: 'throttled', reason: 'no quota', afterMs: 500 }
  const { plugin, sql, ended } = await build(t, gateway)
  await plugin.send(text('1', 'one'))
  await until('the registration to be paused', async () => {
    const [row] = await sql`select paused_until > now() paused from registrations`
    return row?.paused === true
  })
  t.match(await sql`select state, attempts, reason from lots`, [{ state: 'creating', attempts: 0, reason: 'no quota' }])
  open = true
  t.match(await ended(), [{ state: 'finished' }])
})

t.test('pause: saved settings end it for lots at once', async t => {
  let open = false
  const gateway = lotGateway(WINDOW)
  const well = gateway.well.open
  gateway.script.open = async (...given) =>
    open ? well(...given) : { kind: 'throttled', reason: 'no quota', afterMs: 600_000 }
  const { plugin, sql, ended } = await build(t, gateway)
  await plugin.send(text('1', 'one'))
  await until('the lot to wait', async () => (await sql`select from lots where due_at > now()`).length > 0)
  open = true
  t.equal((await plugin.saveSettings({ main: {} })).status, 200)
  t.match(await ended(), [{ state: 'finished' }])
})

t.test('refused: a lot fails with all that has not left, and is closed if a chunk has', async t => {
  const refused = { kind: 'refused', reason: 'blocked' } as const
  const whole = await run(t, { open: answers(refused) })
  t.match(await whole.ended(), [{ state: 'failed', code: 'refused', step: 'creating' }])
  t.match(await whole.settled(), [
    { state: 'failed', reason: 'blocked' },
    { state: 'failed', reason: 'blocked' }
  ])

  const part = lotGateway({ ...WINDOW, chunk: 1 })
  const { add } = part.well
  part.script.add = async (lot, items, tools) => (items[0] === 'one' ? add(lot, items, tools) : refused)
  const { plugin, ended, settled } = await build(t, part)
  for (const words of ['one', 'two', 'three']) await plugin.send(text(words, words))
  t.match(await ended(), [{ state: 'finished', code: 'refused' }])
  t.match(await settled(), [{ state: 'accepted' }, { state: 'failed', reason: 'blocked' }, { state: 'failed' }])
  t.same(part.calls, ['open', 'add 1', 'add 1', 'close'])
})

t.test('unknown: a call that may have got through is not repeated', async t => {
  const unknown = { kind: 'unknown', reason: 'no answer' } as const
  const opened = await run(t, { open: answers(unknown) })
  t.match(await opened.ended(), [{ state: 'unknown', step: 'creating', reason: 'no answer', retryable: true }])
  t.match(await opened.settled(), [
    { state: 'failed', reason: /^the lot may have been opened, with nothing in it/ },
    {}
  ])
  t.same(opened.gateway.calls, ['open'])

  const filled = await run(t, { add: answers(unknown) })
  t.match(await filled.ended(), [{ state: 'unknown', step: 'sending', retryable: true }])
  t.match(await filled.settled(), [{ state: 'failed', reason: 'uncertain: it may have been sent (no answer)' }, {}])
  t.same(filled.gateway.calls, ['open', 'add 2'], 'a lot that may be empty is not closed')
})

t.test('unknown: a call that may have got through is repeated where the settings say so', async t => {
  const unknown = { kind: 'unknown', reason: 'no answer' } as const
  const gateway = lotGateway({ ...WINDOW, repeats: true })
  const { open, add } = gateway.well
  const [opens, adds] = [answers(false, true), answers(false, true)]
  Object.assign(gateway.script, {
    open: async (...given: Parameters<Verbs['open']>) => ((await opens()) ? open(...given) : unknown),
    add: async (...given: Parameters<Verbs['add']>) => ((await adds()) ? add(...given) : unknown)
  })
  const { plugin, ended } = await build(t, gateway)
  await plugin.send(text('1', 'one'))
  t.match(await ended(), [{ state: 'finished' }])
  t.same(gateway.calls, ['open', 'open', 'add 1', 'add 1', 'close'])
  t.equal(gateway.lots[0]?.lot.doubtful, true, 'the channel is told of the doubt')
})

t.test('finishing: closing is repeated until its outcome is known, and the channel is told of a doubt', async t => {
  const doubts: boolean[] = []
  const results = answers<'unknown' | 'throw' | 'closed'>('throw', 'unknown', 'closed')
  const { ended, settled } = await run(t, {
    async close({ doubtful }) {
      doubts.push(doubtful)
      const result = await results()
      if (result === 'throw') throw new Error('a fault before any request')
      return result === 'unknown' ? { kind: 'unknown', reason: 'no answer' } : { kind: 'closed' }
    }
  })
  t.match(await ended(), [{ state: 'finished' }])
  t.match(await settled(), [{ state: 'accepted' }, { state: 'accepted' }])
  t.same(doubts, [false, false, true])
})

t.test('finishing: a lot that the gateway refuses to close has sent nothing; the CRM gets an error', async t => {
  const { crm, ended, sql } = await run(t, { close: answers({ kind: 'refused', reason: 'too late' }) })
  t.match(await ended(), [{ state: 'failed', code: 'refused', step: 'finishing', retryable: true }])
  t.match(await sql`select state, status, reason from messages`, [
    { state: 'accepted', status: 'error', reason: 'too late' },
    { status: 'error' }
  ])
  await crm.waitFor(event => event.type === 'status' && event.status === 'error')
})
