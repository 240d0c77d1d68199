import type { GatewayEvent } from 'channel-kit/event'
import { type Json, text } from 'channel-kit/json'
import type { Recalled } from 'channel-kit/tools'
import { chosen } from '../settings.ts'
import { type Manner, type Skipped, skipped } from './content.ts'
import { type Customer, contactOf, sameCustomer } from './customer.ts'
import { read } from './kinds.ts'
import { type Context, contentOf, timeOf } from './message.ts'

/**
 * Messages that the business writes on its own phone, where that shares the
 * number with us. The CRM cannot be told of messages that others sent, so they
 * become notes, unless the admin hides them, and never messages of the customer:
 * they open no window, and no `/reply` quotes them. `known`: the host's message
 * of this id.
 */
export function eventsOfEcho(
  message: Json,
  customer: Customer,
  manner: Manner,
  now: Date,
  known?: Recalled
): GatewayEvent[] | Skipped {
  const ref = text(message.id)
  const contact = contactOf(customer)
  if (known) return skipped('echo of what is known')
  if (!contact || !ref) return skipped('echo to nobody')
  const content = read(message, { ...manner, echo: true })
  if (content.kind === 'skipped') return content
  const head = manner.translate('chat', '[Written in the WhatsApp app of the business]')
  const context: Context = { opens: false, note: true }
  const at = timeOf(message.timestamp, now)
  return [
    ...sameCustomer(customer),
    {
      kind: 'message',
      by: 'business',
      ...(chosen(manner.incoming.echoes) === 'hide' ? { hidden: true } : {}),
      ref,
      contact,
      subject: null,
      ...contentOf(content, message, manner, now, head),
      ...(at ? { at } : {}),
      context
    }
  ]
}
