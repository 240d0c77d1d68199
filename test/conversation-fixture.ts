import type { Channel } from 'channel-kit/channel'
import type { GatewayEvent } from 'channel-kit/event'
import type { Outcome, Outgoing } from 'channel-kit/outcome'
import type { Tools } from 'channel-kit/tools'
import { eq } from 'drizzle-orm'
import type { Test } from 'tap'
import { type MessageState, messages } from '../src/postgres/schema/messages.ts'
import { testCrm, testHost, until } from './harness.ts'
import { scripted, text } from './scripted-channel.ts'

interface Given {
  channel?: Partial<Channel>
  env?: NodeJS.ProcessEnv
  now?: () => Date
}

const FAST = { LV_PLUGIN_CHAT_SEND_INTERVAL: '50ms' }

/** A scripted channel whose gateway a test plays: it decides on sends, and reports what it likes by a webhook. */
export async function talkingHost(
  t: Test,
  send: (message: Outgoing, tools: Tools) => Promise<Outcome>,
  { channel = {}, env = {}, now = () => new Date() }: Given = {}
) {
  const script = scripted(send, {
    markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl },
    webhook: {
      bodyLimit: 1_000_000,
      verify: async () => ({ kind: 'genuine' }),
      receive: async ({ body }) => ({ reply: { status: 200 }, events: JSON.parse(body.toString(), timeOf) })
    },
    ...channel
  })
  const crm = await testCrm(t)
  const channels = [{ channel: script.channel, path: '/' }]
  const host = await testHost(t, { channels, env: { ...FAST, ...env }, now })
  const join = async () => {
    const plugin = await crm.register(host.url)
    const { json } = await plugin.markdownPreview('webhook')
    return { plugin, webhook: (json as { markdown: string }).markdown }
  }
  const { plugin, webhook } = await join()
  const { db } = host.database

  const row = async (crmId: string) => (await db.select().from(messages).where(eq(messages.crmId, crmId)))[0]
  const reach = (crmId: string, state: MessageState) =>
    until(`message ${crmId} to be ${state}`, async () => {
      const found = await row(crmId)
      return found?.state === state ? found : undefined
    })
  return {
    crm,
    host,
    db,
    channels,
    plugin,
    script,
    join,
    row,
    reach,
    /** Sends a text; the CRM's id of it. */
    post: async (contact: string, words: string) => (await plugin.send(text(contact, words))).message.id,
    /** The gateway calls. */
    report: (...events: readonly GatewayEvent[]) => reportTo(webhook, events),
    /** Statuses of a message at the CRM, once there are so many. */
    heard: (crmId: string, count: number) =>
      until(`${count} statuses`, async () => {
        const statuses = plugin.statuses(crmId)
        return statuses.length >= count ? statuses : undefined
      }),
    /** The texts that customers wrote, as the CRM heard of them. */
    incoming: () => crm.events.flatMap(event => (event.type === 'incoming' ? [event] : []))
  }
}

const timeOf = (key: string, value: unknown) => (key === 'at' ? new Date(String(value)) : value)

export async function reportTo(webhook: string, events: readonly GatewayEvent[]): Promise<void> {
  const { status } = await fetch(webhook, { method: 'POST', body: JSON.stringify(events) })
  if (status !== 200) throw new Error(`the webhook answered ${status}`)
}

export const wrote = (ref: string, contact: string, words = 'oi') => ({
  kind: 'message' as const,
  ref,
  contact,
  subject: null,
  content: { text: words, format: 'text' as const },
  attachments: []
})
