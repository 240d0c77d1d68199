import type { Polled } from 'channel-kit/channel'
import { keepConnected } from './connect.ts'
import type { WhatsAppTools } from './settings.ts'
import { watchToken } from './token-watch.ts'

/** There is nothing to be asked for, since everything comes by webhooks: it is only seen to that they come. */
export async function read(_cursor: unknown, tools: WhatsAppTools): Promise<Polled> {
  const events = await Promise.all([keepConnected(tools), watchToken(tools)])
  return { events: events.flat(), cursor: null }
}
