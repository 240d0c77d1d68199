import { createHmac, timingSafeEqual } from 'node:crypto'
import { defineChannel } from 'channel-kit/channel'
import type { GatewayEvent } from 'channel-kit/event'
import { form, group, markdownPreview, password, string } from 'channel-kit/form'
import { bareChannel } from 'channel-kit/testing'
import type { Test } from 'tap'
import { testCrm, testHost } from '../harness.ts'
import { testGateway } from './gateway.ts'

const SECRET = 'a shared secret'
export const BODY_LIMIT = 5 * 1024 * 1024

const Settings = form(
  { title: 'Hook', button: 'Save' },
  {
    main: group(
      { title: 'Main' },
      {
        gateway: string({ title: 'Gateway', minLength: 1 }),
        secret: password({ title: 'Secret' }),
        webhook: markdownPreview({ title: 'Webhook', previewer: 'webhook' })
      }
    )
  }
)

/** A channel of a gateway that calls: it signs every call over its bytes, and asks once who is there. */
const hook = defineChannel({
  ...bareChannel,
  name: 'hook',
  settings: Settings,
  markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl },

  async send({ id, contact, content, conversation }, { settings, fetch, signal }) {
    const response = await fetch(settings.main.gateway, {
      method: 'POST',
      signal,
      body: JSON.stringify({ id, contact, text: content?.text, ...conversation })
    })
    const { ref } = (await response.json()) as { ref: string }
    return { kind: 'accepted', ref }
  },

  webhook: {
    bodyLimit: BODY_LIMIT,

    async verify({ method, query, headers, body }, { settings: { main } }) {
      if (method === 'GET')
        return query.token === main.secret
          ? {
              kind: 'answer',
              reply: { status: 200, headers: { 'content-type': 'text/plain' }, body: String(query.challenge) }
            }
          : { kind: 'refused', reason: 'the token of the challenge is wrong' }
      const [given, real] = [Buffer.from(String(headers['x-signature'])), Buffer.from(sign(body, main.secret))]
      return given.length === real.length && timingSafeEqual(given, real)
        ? { kind: 'genuine' }
        : { kind: 'refused', reason: 'the signature is wrong' }
    },

    async receive({ body }) {
      const { events } = JSON.parse(body.toString(), timeOf) as { events: GatewayEvent[] }
      return { reply: { status: 201, headers: { 'x-taken': String(events.length) }, body: 'taken' }, events }
    }
  }
})

const timeOf = (key: string, value: unknown) => (key === 'at' ? new Date(String(value)) : value)

export const sign = (body: string | Buffer, secret = SECRET) => createHmac('sha256', secret).update(body).digest('hex')

export const incoming = (ref: string, contact: string, text = 'oi') => ({
  kind: 'message' as const,
  ref,
  contact,
  subject: null,
  content: { text, format: 'text' as const },
  attachments: []
})

/** An event that no channel should report: a message without a contact. */
export const unstorable = incoming('m0', null as unknown as string)

export const status = (ref: string, status: 'sent' | 'delivered' | 'read' | 'error') => ({
  kind: 'status' as const,
  ref,
  status
})

/** A registration at the hook channel, ready to send and to be called. The gateway names messages `g1`, `g2`… */
export async function hookHost(t: Test, { env = {} }: { env?: NodeJS.ProcessEnv } = {}) {
  const gateway = await testGateway(t, () => ({ ref: `g${gateway.asked.length}` }))
  const crm = await testCrm(t)
  const host = await testHost(t, { channels: [{ channel: hook }], env })

  const register = async (key = 'hook') => {
    const plugin = await crm.register({ key, selfUri: host.at('hook') })
    const { status } = await plugin.saveSettings({ main: { gateway: gateway.url, secret: SECRET } })
    if (status !== 200) throw new Error(`the settings were answered ${status}`)
    return { plugin, webhook: await webhookOf(plugin) }
  }
  return { gateway, crm, host, register, ...(await register()) }
}

/** Where the gateway has to call, as the settings form shows it. */
async function webhookOf(
  plugin: Awaited<ReturnType<Awaited<ReturnType<typeof testCrm>>['register']>>
): Promise<string> {
  const { json } = await plugin.markdownPreview('webhook')
  return (json as { markdown: string }).markdown
}

/** A call as the gateway makes it. */
export function call(webhook: string, events: readonly GatewayEvent[], headers: Record<string, string> = {}) {
  const body = JSON.stringify({ events })
  return fetch(webhook, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-signature': sign(body), ...headers },
    body
  })
}
