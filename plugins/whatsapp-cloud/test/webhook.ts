import type { GatewayEvent } from 'channel-kit/event'
import { type Json, record } from 'channel-kit/json'
import channel from '../src/channel.ts'
import { type Change, lend, settingsOf } from './tools.ts'

/** Webhooks as the channel is handed them, without a host. */

/** A moment after most payloads were written. */
export const NOW = new Date('2026-09-21T14:14:00Z')

/** Tools of the account that payloads are addressed to. */
export const lent = (change: Change = {}) =>
  lend({
    settings: settingsOf(
      { phoneNumberId: '5550001', businessAccountId: '7770001', accessToken: 't', appSecret: 's' },
      change
    ),
    now: () => NOW
  })

type Lent = ReturnType<typeof lend>

export function received(body: string, tools: Lent['tools']) {
  if (!channel.webhook) throw new Error('There is no webhook')
  return channel.webhook.receive({ method: 'POST', query: {}, headers: {}, body: Buffer.from(body) }, tools)
}

export async function receive(payload: unknown, change: Change = {}, more: Partial<Lent['tools']> = {}) {
  const { tools, logs, notes } = lent(change)
  notes.webhook = { value: {}, at: NOW }
  const body = typeof payload === 'string' ? payload : JSON.stringify(payload)
  const { reply, events } = await received(body, { ...tools, ...more })
  const ignored = logs.map(({ details }) => record(details).ignored).find(Boolean) as Json | undefined
  return { reply, events: JSON.parse(JSON.stringify(events)) as GatewayEvent[], ignored, logs }
}

export function wrapped(value: Json, field = 'messages', id = '7770001') {
  return {
    object: 'whatsapp_business_account',
    entry: [{ id, changes: [{ field, value }] }]
  }
}

export function textsOf(events: readonly GatewayEvent[]) {
  return events.flatMap(event => (event.kind === 'message' ? [event.content?.text] : []))
}
