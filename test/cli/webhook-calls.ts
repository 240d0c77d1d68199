import mobiletech from 'channel-mobiletech'
import { startSimulator } from 'channel-mobiletech/simulator'
import type { Test } from 'tap'
import { testCrm, testHost } from '../harness.ts'
import { cliJson } from './run.ts'

/** A host whose gateway calls its webhook, for the commands about calls. */

interface Listed {
  webhooks: { id: number; events: number; skipped: Record<string, number>; failed: string | null }[]
}

/** A call that was read, and one that could not be. */
export async function spoken(t: Test) {
  const built = await mobiletechHost(t)
  const { gateway, crm, env } = built
  await gateway.deliver({ from: '+421905000002', content: 'ahoj', id: '30000001', fields: {} })
  await gateway.post('<what', 'application/xml')
  await crm.waitFor(event => event.type === 'incoming' && event.message.content?.text === 'ahoj')
  return { ...built, ...(await cliJson<Listed>(t, ['webhooks', 'list'], { env })) }
}

export async function mobiletechHost(t: Test) {
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
