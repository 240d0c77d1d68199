import type { GatewayEvent } from 'channel-kit/event'
import { scripted, taken } from '../scripted-channel.ts'

/** A channel whose reader of calls is broken until a test mends it: it skips what stands in `odd`, and throws over `unreadable`. */

export interface Said {
  events?: readonly GatewayEvent[]
  odd?: readonly GatewayEvent[]
  unreadable?: string
}

const KEY = 'the right key'

export function mendedChannel() {
  const reader = { broken: true }
  const { channel } = scripted(taken, {
    markdowns: { webhook: async (_lookup, { webhookUrl }) => webhookUrl },
    webhook: {
      bodyLimit: 3_000_000,
      verify: async ({ headers }) =>
        headers['x-key'] === KEY ? { kind: 'genuine' } : { kind: 'refused', reason: 'the key is wrong' },
      receive: async ({ body }) => {
        const { events = [], odd = [], unreadable } = JSON.parse(body.toString(), timeOf) as Said
        if (unreadable !== undefined && reader.broken) throw new Error(`"${unreadable}" is nothing, says 15551234567`)
        const isSkipped = reader.broken && odd.length > 0
        return {
          reply: { status: 200 },
          events: isSkipped ? events : [...events, ...odd],
          ...(isSkipped ? { skipped: { 'of a new kind': odd.length } } : {})
        }
      }
    }
  })
  return { channel, mend: () => void Object.assign(reader, { broken: false }) }
}

const timeOf = (key: string, value: unknown) => (key === 'at' ? new Date(String(value)) : value)

/** Calls as the gateway does; the status of the answer. */
export async function callWith(webhook: string, said: Said | string, headers: Record<string, string> = {}) {
  const body = typeof said === 'string' ? said : JSON.stringify(said)
  const answer = await fetch(webhook, { method: 'POST', headers: { 'x-key': KEY, ...headers }, body })
  return answer.status
}
