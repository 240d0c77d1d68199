import t, { type Test } from 'tap'
import { until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { build, lotGateway } from './gateway.ts'

t.setTimeout(180_000)

/** A full lot of which the gateway refuses some. */
async function run(
  t: Test,
  count: number,
  reasonOf: (item: string) => string | undefined,
  see: (items: readonly string[]) => void = () => {}
) {
  const gateway = lotGateway({ items: count, chunk: count, windowMs: 600_000 })
  const { add } = gateway.well
  gateway.script.add = async (lot, items, tools) => {
    see(items as string[])
    const [reason] = (items as string[]).flatMap(item => reasonOf(item) ?? [])
    return reason === undefined ? add(lot, items, tools) : { kind: 'rejected', reason }
  }
  const built = await build(t, gateway)
  await Promise.all(Array.from({ length: count }, (_, index) => built.plugin.send(text(String(index), String(index)))))
  const [lot] = await until(
    'the lot to end',
    async () => {
      const rows = await built.sql`select * from lots where ended_at is not null`
      return rows.length > 0 && rows
    },
    60_000
  )
  return { gateway, lot, rows: await built.settled() }
}

t.test(
  'a lot of which all is refused for one reason is given up, and what was not tried may be sent again',
  async t => {
    const { gateway, lot, rows } = await run(t, 150, () => 'the portfolio is unknown')
    t.match(lot, { state: 'failed', code: 'rejected', step: 'sending', retryable: true })
    t.ok(gateway.calls.length < 130, `after ${gateway.calls.length} calls`)
    const reasons = Map.groupBy(rows, ({ reason }) => reason as string)
    t.same(
      new Map([...reasons].map(([reason, all]) => [reason, all.length])),
      new Map([
        ['the portfolio is unknown', 50],
        ['not tried, since 50 from its beginning and its end were refused: the portfolio is unknown', 100]
      ])
    )
  }
)

t.test('items that are bad for reasons of their own are found, however many, and the others are sent', async t => {
  let first: string | undefined
  const mixed = await run(t, 54, item => {
    first ??= item
    return item === first ? undefined : 'the phone is wrong'
  })
  t.match(mixed.lot, { state: 'finished' })
  t.equal(mixed.rows.filter(({ reason }) => reason === 'the phone is wrong').length, 53)

  const each = await run(t, 54, item => `${Number(item) % 2} is wrong`)
  t.match(each.lot, { state: 'failed', code: 'rejected', retryable: false })
  t.ok(each.rows.every(({ reason }) => /^\d is wrong$/.test(reason as string)))
})

t.test('a lot that begins with many bad items of one kind is not given up: the others are sent', async t => {
  let bad: ReadonlySet<string> | undefined
  const { lot, rows } = await run(
    t,
    150,
    item => (bad?.has(item) ? 'the contract is unknown' : undefined),
    items => {
      bad ??= new Set(items.slice(0, 70))
    }
  )
  t.match(lot, { state: 'finished' })
  t.equal(rows.filter(({ reason }) => reason === 'the contract is unknown').length, 70)
  t.equal(rows.filter(({ state }) => state === 'accepted').length, 80)
})
