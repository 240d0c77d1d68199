import bpmessage from 'channel-bpmessage'
import { startSimulator } from 'channel-bpmessage/simulator'
import type { Test } from 'tap'
import { until } from '../harness.ts'
import { text } from '../scripted-channel.ts'
import { apiHost } from './ask.ts'

/** A host with its API, and with a lot that gathers three messages for an hour. */
export async function apiOfLots(t: Test) {
  const fake = await startSimulator()
  t.teardown(() => fake.close())
  const env = { LV_PLUGIN_CHANNELS: 'bpmessage=/', LV_PLUGIN_QUOTA_API: '1000' }
  const api = await apiHost(t, { channels: [{ channel: bpmessage, path: '/' }], env })
  const { crm, host } = api
  const plugin = await crm.register(host.url)
  await crm.register(host.url)
  await plugin.saveSettings({ ...fake.settings, lots: { ...fake.settings.lots, mode: ['lot'], timeWindow: 3_600 } })
  for (const number of [1, 2, 3]) await plugin.send({ ...text(`+551190000000${number}`, 'Oi'), subject: 'May' })
  const { sql } = host.database
  await until('all to be gathered', async () => (await sql`select from lot_items`).length === 3)
  return { ...api, fake, plugin, sql }
}
