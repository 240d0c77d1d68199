import t from 'tap'
import { until } from '../harness.ts'
import { gathering } from './lot-fixture.ts'
import { cli, cliJson } from './run.ts'

interface Lots {
  lots: { id: number; state: string; counts: Record<string, number> }[]
}

t.test('a lot is worked on when it is told to, and the exit code says how it ended', async t => {
  const { fake, env } = await gathering(t)
  t.match(await cli(t, ['lots', 'process', '--lot-id', '1'], { env }), {
    code: 1,
    stderr: /^Lot 1 collects until .* --force-close/
  })
  t.match(await cli(t, ['lots', 'process'], { env }), { code: 0, stdout: 'No lot is due.\n' })
  const { lots } = await cliJson<Lots>(t, ['lots', 'process', '--lot-id', '1', '--force-close'], { env })
  t.match(lots, [{ state: 'finished', counts: { accepted: 3 } }])
  t.equal(fake.lots()[0]?.finished, true)
  t.same(fake.violations(), [])
})

t.test('a lot that fails makes the command fail, and its messages are sent once more by another lot', async t => {
  const { fake, env, sql } = await gathering(t)
  fake.faults.plan('create', { kind: 'drop-after' })
  t.match(await cli(t, ['lots', 'process', '--force-close'], { env }), {
    code: 1,
    stdout: /unknown \(creating\)/,
    stderr: '1 lot failed.\n'
  })
  const retry = (...args: string[]) => cliJson(t, ['lots', 'retry', ...args], { env })
  t.match(await retry('--dry-run'), { dryRun: true, replayed: 3 })
  t.match(await retry('--max-retries', '0'), { replayed: 0 })
  t.match(await retry(), { replayed: 3 })
  await until('a second lot', async () => (await sql`select from lots where state = 'collecting'`).length === 1)
  t.match(await cliJson<Lots>(t, ['lots', 'process', '--force-close'], { env }), { lots: [{ state: 'finished' }] })
  t.match(await sql`select state, replays from messages`, Array(3).fill({ state: 'accepted', replays: 1 }))
  t.match(await retry(), { replayed: 0 })
})
