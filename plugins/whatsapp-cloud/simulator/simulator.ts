import type { Json } from 'channel-kit/json'
import type { Simulator } from 'channel-kit/simulator'
import { graphApi } from './api.ts'
import { fileBody, incoming, seen, written } from './customer.ts'
import { faultScripts } from './faults.ts'
import { report } from './messages.ts'
import { initialState, type State } from './state.ts'
import { webhookSender } from './webhooks.ts'

const VERIFY_TOKEN = 'simulated-verify-token'

export type WhatsAppSimulator = Awaited<ReturnType<typeof startSimulator>>

/**
 * A Graph API on the loopback, with customers behind it. `change` sets what is
 * not to be as usual from the start; all of `state` may be changed later.
 */
export async function startSimulator({
  port = 0,
  now = () => new Date(),
  change = {}
}: {
  port?: number
  now?: () => Date
  change?: Partial<State>
} = {}) {
  const state: State = { ...initialState(now), ...change }
  const closing = new AbortController()
  const webhooks = webhookSender(state, closing.signal)
  const faults = faultScripts()
  const app = graphApi(state, faults, webhooks)
  const url = await app.listen({ host: '127.0.0.1', port })

  /** A customer sends a message of any type; its id, once the host has it. */
  async function say(contact: string, message: Json): Promise<string> {
    const { wamid, change: told } = incoming(state, contact, message)
    await webhooks.emit(told)
    return wamid
  }

  return {
    url,
    state,
    faults,
    webhooks,
    variables: { CHANNEL_WHATSAPP_CLOUD_GRAPH_URL: url, CHANNEL_WHATSAPP_CLOUD_MEDIA_HOSTS: '127.0.0.1' },
    settings: {
      account: {
        phoneNumberId: state.account.phoneNumberId,
        businessAccountId: state.account.businessAccountId,
        accessToken: state.token,
        appSecret: state.secret,
        verifyToken: VERIFY_TOKEN
      }
    },
    connect: (webhookUrl: string) => webhooks.connect(webhookUrl, VERIFY_TOKEN),
    async write(contact, message) {
      for (const one of await written(state, url, message)) await say(contact.replace(/^\+/, ''), one)
    },
    received: () => state.messages.map(message => seen(state, url, message)),
    say,
    /** Body of a message with a customer's file. */
    file: (bytes: Buffer, mime: string, more: Json = {}) => fileBody(state, url, bytes, mime, more),
    /** Reports a status of a message, by its id or of the last one. */
    async report(status: string, wamid?: string, more: Json = {}) {
      const message = wamid ? state.messages.find(one => one.wamid === wamid) : state.messages.at(-1)
      if (!message) throw new Error('There is no such message')
      await report(state, message, status, webhooks, more)
    },
    async close() {
      closing.abort()
      await app.close()
    }
  } satisfies Simulator & Record<string, unknown>
}
