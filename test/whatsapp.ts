import whatsApp from 'channel-whatsapp-cloud'
import { startSimulator } from 'channel-whatsapp-cloud/simulator'
import type { Test } from 'tap'
import { testCrm, testHost } from './harness.ts'

interface Wanted {
  /** Changes of the simulator's state. */
  change?: NonNullable<Parameters<typeof startSimulator>[0]>['change']
  /** Besides those of the simulator. */
  settings?: object
  /** Besides what the simulator needs. */
  env?: NodeJS.ProcessEnv
  /** Where the host's whole log goes. */
  logTo?: NodeJS.WritableStream
}

/** A CRM, a host and a Graph API that know each other. */
export async function connected(t: Test, { change = {}, settings = {}, env: more = {}, logTo }: Wanted = {}) {
  const gateway = await startSimulator({ change })
  t.teardown(() => gateway.close())
  const crm = await testCrm(t)
  const env = { ...gateway.variables, LV_PLUGIN_CHAT_SEND_INTERVAL: '1', ...more }
  const logged = logTo ? { logTo, env: { ...env, LOG_LEVEL: 'trace' } } : { env }
  const host = await testHost(t, { channels: [{ channel: whatsApp }], ...logged })
  const plugin = await crm.register(host.at('whatsapp-cloud'))
  const saved = await plugin.saveSettings({ ...gateway.settings, ...settings })
  if (saved.status !== 200) throw new Error(`the settings were answered ${saved.status}: ${saved.text}`)
  const { json } = await plugin.markdownPreview('webhook')
  const webhook = /http[^`]+/.exec((json as { markdown: string }).markdown)?.[0] ?? ''
  await gateway.connect(webhook)
  return { gateway, crm, plugin, host, webhook }
}
