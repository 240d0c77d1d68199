import bpmessage from 'channel-bpmessage'
import { startSimulator } from 'channel-bpmessage/simulator'
import type { Test } from 'tap'
import { testCrm, testHost, until } from '../harness.ts'
import { text } from '../scripted-channel.ts'

export const MOBILE = (number: number) => `+5511${900_000_000 + number}`

/** A host with a lot that gathers for an hour. */
export async function gathering(t: Test, count = 3) {
  const fake = await startSimulator()
  t.teardown(() => fake.close())
  const crm = await testCrm(t)
  const env = {
    LV_PLUGIN_CHANNELS: 'bpmessage=/',
    LV_PLUGIN_CHAT_SEND_INTERVAL: '100ms',
    LV_PLUGIN_CHAT_SEND_ATTEMPTS: '2'
  }
  const host = await testHost(t, { channels: [{ channel: bpmessage, path: '/' }], env })
  const plugin = await crm.register(host.url)
  await plugin.saveSettings({ ...fake.settings, lots: { ...fake.settings.lots, mode: ['lot'], timeWindow: 3_600 } })
  for (let number = 0; number < count; number += 1) await plugin.send({ ...text(MOBILE(number), 'Oi'), subject: 'May' })
  const { sql } = host.database
  await until('all to be gathered', async () => (await sql`select from lot_items`).length === count)
  return { fake, crm, host, plugin, sql, env: host.environment }
}
