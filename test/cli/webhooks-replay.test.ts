import t from 'tap'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { until } from '../harness.ts'
import { cliJson } from './run.ts'
import { mobiletechHost, spoken } from './webhook-calls.ts'

t.test('webhooks: a replay reads calls once more, and makes nothing twice', async t => {
  const { env, db } = await spoken(t)
  t.same(await cliJson(t, ['webhooks', 'replay', '--all', '--dry-run'], { env }), { dryRun: true, found: 2 })
  const all = { found: 2, replayed: 2, events: 1, skipped: 1, failed: 0 }
  t.match(await cliJson(t, ['webhooks', 'replay', '--all'], { env }), all)
  t.equal(await db.$count(outbox), 1)
})

t.test('webhooks: erasing a contact takes the calls that name it', async t => {
  const { env, gateway, db } = await mobiletechHost(t)
  await gateway.deliver({ from: '+421905000002', content: 'ahoj', id: '30000001', fields: {} })
  await gateway.deliver({ from: '+421905000003', content: 'ahoj', id: '30000002', fields: {} })
  await until('both to be known', async () => (await db.$count(outbox)) === 2)
  t.match(await cliJson(t, ['erase', '--contact', '421905000002'], { env }), { conversations: 1, webhooks: 1 })
  t.match(await cliJson(t, ['webhooks', 'list'], { env }), { webhooks: [{ events: 1 }] })
})
