import type { Status } from 'channel-kit/chat'
import type { GatewayEvent, MessageEvent, StatusEvent } from 'channel-kit/event'
import { webhookError } from '../graph/errors.ts'
import { explain } from '../graph/reasons.ts'
import { type Json, list, text } from '../json.ts'
import { chosen } from '../settings.ts'
import { contactOf, customerOf } from './customer.ts'
import type { Context } from './message.ts'
import { type Manner, type Skipped, skipped } from './said.ts'

const STATUSES: ReadonlyMap<string, Status> = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'read'],
  ['played', 'read'],
  ['failed', 'error']
])

/** How far a message got. The reason of a failure is told once, here, and never again. */
export function eventsOfStatus(given: Json, manner: Omit<Manner, 'quote'>): GatewayEvent[] | Skipped {
  const status = STATUSES.get(text(given.status))
  const ref = text(given.id)
  if (!status || !ref) return skipped(`status ${text(given.status)}`)
  const message = partOf(text(given.biz_opaque_callback_data))
  const event: StatusEvent = { kind: 'status', ref, status, ...(message ? { message } : {}) }
  if (status !== 'error') return [event]

  const reason = reasonOf(given, manner)
  return [{ ...event, reason }, ...noteOf(given, ref, reason, manner)]
}

/** What `send` gave the message to be known by, `<id>:<part>`. */
export const tagOf = (id: string, part: number) => `${id}:${part}`

function partOf(tag: string) {
  const [, id, part] = /^([^\s:]{1,128}):(\d{1,4})$/.exec(tag) ?? []
  return id === undefined ? undefined : { id, part: Number(part) }
}

function reasonOf({ errors }: Json, { translate }: Pick<Manner, 'translate'>): string {
  const reasons = list(errors).map(error => explain(webhookError(error), translate))
  return reasons.join('; ') || translate('reasons', 'WhatsApp did not say why')
}

/** For an agent who sees no more of a status than that it is an error. */
function noteOf(
  given: Json,
  ref: string,
  reason: string,
  { incoming, translate }: Omit<Manner, 'quote'>
): MessageEvent[] {
  const contact = contactOf(customerOf(given.recipient_id, given.recipient_user_id))
  if (chosen(incoming.failureNotes) !== 'show' || !contact) return []
  const context: Context = { opens: false, note: true }
  return [
    {
      kind: 'message',
      ref: `${ref}:failed`,
      contact,
      subject: null,
      content: { text: translate('chat', '[Not delivered: {reason}]', { reason }), format: 'text' },
      attachments: [],
      context
    }
  ]
}
