import t from 'tap'
import { gathering } from './lot-fixture.ts'
import { cli, cliJson } from './run.ts'

t.test('lots are listed and shown, with how their messages are', async t => {
  const { env } = await gathering(t)
  t.match(await cliJson(t, ['lots', 'list'], { env }), {
    lots: [{ id: 1, name: 'May', state: 'collecting', items: 3, counts: { waiting: 3 } }],
    next: null
  })
  const { stdout } = await cli(t, ['lots', 'list', '--state', 'collecting'], { env })
  t.match(stdout, /^id +registration +name +state .*\n1 +1 +May +collecting +- +3 +3 waiting/)
  t.match(await cli(t, ['lots', 'show', '--lot-id', '1'], { env }), { stdout: /\nname +May\nstate +collecting\n/ })
  t.match((await cli(t, ['messages', 'show', '1'], { env })).stdout, /gathered +in lot 1\n/)
  t.match(await cli(t, ['lots', 'retry', '--lot-id', '9'], { env }), { code: 1, stderr: 'There is no lot 9.\n' })
  t.match(await cli(t, ['lots', 'retry', '--lot-id', '1'], { env }), { code: 1, stderr: /has not ended: it is coll/ })
})

t.test('a lot is cancelled as long as it has not left, and the CRM hears of its messages', async t => {
  const { crm, env, sql } = await gathering(t)
  t.match(await cliJson(t, ['lots', 'cancel', '--lot-id', '1'], { env }), { id: 1, rest: false })
  for (const _ of [1, 2, 3]) await crm.waitFor(event => event.type === 'status' && event.status === 'error')
  t.match(
    await sql`select state, reason from messages`,
    Array(3).fill({ state: 'failed', reason: 'cancelled by an operator' })
  )
  t.match(await cli(t, ['lots', 'cancel', '--lot-id', '1'], { env }), { code: 1, stderr: /^Lot 1 is cancelled/ })

  await sql`update lots set ended_at = now() - interval '40 days'`
  t.match(await cliJson(t, ['lots', 'cleanup', '--dry-run'], { env }), { dryRun: true, lots: { cancelled: 1 } })
  t.same((await cliJson<{ lots: object }>(t, ['lots', 'cleanup', '--days', '50'], { env })).lots, {})
  t.match(await cli(t, ['lots', 'cleanup'], { env }), {
    stdout: /^Removed 1 lot, ended before .* \(1 cancelled\)\.\n$/
  })
  t.equal((await sql`select from messages`).length, 3, 'messages stay')
})
