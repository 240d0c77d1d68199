import type { GatewayEvent } from 'channel-kit/event'
import type { Test } from 'tap'
import { reportTo } from '../conversation-fixture.ts'
import { scripted, taken } from '../scripted-channel.ts'
import { apiHost } from './ask.ts'

/** A host whose channel reports what a test posts, and its feed. */

interface Fed extends Record<string, unknown> {
  id: string
  type: string
}

export async function reportingHost(t: Test) {
  const { channel } = scripted(taken, {
    templates: true,
    markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl },
    webhook: {
      bodyLimit: 1_000_000,
      verify: async () => ({ kind: 'genuine' }),
      receive: async ({ body }) => ({ reply: { status: 200 }, events: JSON.parse(body.toString()) })
    }
  })
  const env = { LV_PLUGIN_QUOTA_API: '1000', LV_PLUGIN_CHAT_SEND_INTERVAL: '1' }
  const api = await apiHost(t, { channels: [{ channel, path: '/' }], env })
  const join = async () => {
    const plugin = await api.crm.register(api.host.url)
    const { markdown: webhook } = (await plugin.markdownPreview('webhook')).json as { markdown: string }
    return { plugin, report: (...events: readonly GatewayEvent[]) => reportTo(webhook, events) }
  }
  return {
    ...api,
    ...(await join()),
    join,
    read: async (types: string) => {
      const { json } = await api.ask(`/events?limit=1000&types=${types}`)
      return (json as unknown as { events: Fed[] }).events
    }
  }
}
