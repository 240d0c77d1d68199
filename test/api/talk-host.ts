import type { Channel } from 'channel-kit/channel'
import type { GatewayEvent } from 'channel-kit/event'
import { eq } from 'drizzle-orm'
import type { Test } from 'tap'
import { messages } from '../../src/postgres/schema/messages.ts'
import { reportTo } from '../conversation-fixture.ts'
import { until } from '../harness.ts'
import { scripted, taken } from '../scripted-channel.ts'
import { apiHost } from './ask.ts'

/** A host with its API, whose gateway a test plays: what it answers to sends, and what customers write. */
export async function talkHost(
  t: Test,
  { env = {}, channel = {} }: { env?: NodeJS.ProcessEnv; channel?: Partial<Channel> } = {}
) {
  const gateway = { send: taken as Parameters<typeof scripted>[0] }
  const script = scripted((message, tools) => gateway.send(message, tools), {
    templates: { list: async () => [] },
    markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl },
    webhook: {
      bodyLimit: 1_000_000,
      verify: async () => ({ kind: 'genuine' }),
      receive: async ({ body }) => ({ reply: { status: 200 }, events: JSON.parse(body.toString()) })
    },
    ...channel
  })
  const channels = [{ channel: script.channel, path: '/' }]
  const fast = { LV_PLUGIN_QUOTA_API: '1000', LV_PLUGIN_CHAT_SEND_INTERVAL: '50ms' }
  const api = await apiHost(t, { channels, env: { ...fast, ...env } })
  const join = async () => {
    const plugin = await api.crm.register(api.host.url)
    const { markdown: webhook } = (await plugin.markdownPreview('webhook')).json as { markdown: string }
    return { plugin, report: (...events: readonly GatewayEvent[]) => reportTo(webhook, events) }
  }
  const { db } = api.host.database
  const rowWhere = async (where: ReturnType<typeof eq>) => (await db.select().from(messages).where(where))[0]

  const events = async (query = '') =>
    (await api.ask(`/events?${query}`)).json as unknown as { events: Record<string, unknown>[]; next: string }

  return {
    ...api,
    gateway,
    script,
    channels,
    ...(await join()),
    /** Another registration. */
    join,
    db,
    row: (crmId: string) => rowWhere(eq(messages.crmId, crmId)),
    /** The message of an API client once it has ended. */
    ended: (clientId: string) =>
      until(`item ${clientId} to end`, async () => {
        const row = await rowWhere(eq(messages.clientId, clientId))
        return row?.settledAt ? row : undefined
      }),
    /** Posts items, with a text where none is named; what became of each. */
    post: async (...items: readonly Item[]) =>
      (await api.ask('/registrations/1/messages', { body: { items: items.map(withText) } })).json.results,
    /** Texts that the CRM got from this contact, notes included. */
    told: (contact: string) =>
      api.crm.events.flatMap(event =>
        event.type === 'incoming' && event.contact === contact ? [event.message.content?.text ?? ''] : []
      ),
    events,
    /** Events of these types. */
    read: async (types: string) => (await events(`limit=1000&types=${types}`)).events
  }
}

interface Item {
  id: string
  contact: string
  [field: string]: unknown
}

const withText = (item: Item) => ({ text: `text ${item.id}`, class: 'normal', ...item })
