import mobiletech from 'channel-mobiletech'
import { startSimulator } from 'channel-mobiletech/simulator'
import t, { type Test } from 'tap'
import { outbox } from '../../src/postgres/schema/outbox.ts'
import { testCrm, testHost, until } from '../harness.ts'
import { cli, cliJson } from './run.ts'

/** Calls of a gateway by the command line, beside the host that takes them. */

interface Listed {
  webhooks: { id: number; events: number; skipped: Record<string, number>; failed: string | null }[]
}

t.test('webhooks: calls are listed with how they were read, and one is shown with its body', async t => {
  const { env, webhooks } = await spoken(t)
  t.match(webhooks, [
    { events: 0, skipped: { 'a document that cannot be read': 1 }, failed: null },
    { events: 1, skipped: {}, failed: null }
  ])
  const listed = await cli(t, ['webhooks', 'list', '--read', 'skipped', '--since', '1h'], { env })
  t.match(listed.stdout, /^id +registration.*\n\d+ .*1 a document that cannot be read/)
  t.notMatch(listed.stdout, /ahoj/)

  const id = webhooks[1]?.id
  const shown = await cliJson(t, ['webhooks', 'show', String(id)], { env })
  t.match(shown, { id, request: { method: 'POST', encoding: 'utf8', body: /30000001/ } })
})

t.test('webhooks: a replay reads calls once more, and makes nothing twice', async t => {
  const { env, db } = await spoken(t)
  t.same(await cliJson(t, ['webhooks', 'replay', '--all', '--dry-run'], { env }), { dryRun: true, found: 2 })
  const all = { found: 2, replayed: 2, events: 1, skipped: 1, failed: 0 }
  t.match(await cliJson(t, ['webhooks', 'replay', '--all'], { env }), all)
  t.equal(await db.$count(outbox), 1)
})

t.test('webhooks: erasing a contact takes the calls that name it', async t => {
  const { env, gateway, db } = await build(t)
  await gateway.deliver({ from: '+421905000002', content: 'ahoj', id: '30000001', fields: {} })
  await gateway.deliver({ from: '+421905000003', content: 'ahoj', id: '30000002', fields: {} })
  await until('both to be known', async () => (await db.$count(outbox)) === 2)
  t.match(await cliJson(t, ['erase', '--contact', '421905000002'], { env }), { conversations: 1, webhooks: 1 })
  t.match(await cliJson(t, ['webhooks', 'list'], { env }), { webhooks: [{ events: 1 }] })
})

/** A call that was read, and one that could not be. */
async function spoken(t: Test) {
  const built = await build(t)
  const { gateway, crm, env } = built
  await gateway.deliver({ from: '+421905000002', content: 'ahoj', id: '30000001', fields: {} })
  await gateway.post('<what', 'application/xml')
  await crm.waitFor(event => event.type === 'incoming' && event.message.content?.text === 'ahoj')
  return { ...built, ...(await cliJson<Listed>(t, ['webhooks', 'list'], { env })) }
}

async function build(t: Test) {
  const gateway = await startSimulator()
  t.teardown(() => gateway.close())
  const crm = await testCrm(t)
  const env = { ...gateway.variables, LV_PLUGIN_CHANNELS: 'mobiletech' }
  const host = await testHost(t, { channels: [{ channel: mobiletech }], env })
  const plugin = await crm.register(host.at('mobiletech'))
  t.equal((await plugin.saveSettings(gateway.settings)).status, 200)
  const { json } = await plugin.markdownPreview('webhook')
  await gateway.connect(/http[^`]+/.exec((json as { markdown: string }).markdown)?.[0] ?? '')
  return { env: host.environment, gateway, crm, db: host.database.db }
}
