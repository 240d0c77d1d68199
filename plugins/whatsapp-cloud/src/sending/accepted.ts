import type { GatewayEvent, StatusEvent } from 'channel-kit/event'
import { type Json, text } from 'channel-kit/json'
import type { Outcome } from 'channel-kit/outcome'
import { isBsuid, renamed, sameCustomer } from '../incoming/customer.ts'
import type { Plan } from './planned.ts'

type Accepted = Extract<Outcome, { kind: 'accepted' }>

/** All parts are at Meta, which says by what name it knows the customer. */
export function accepted({ run, notes, told }: Plan, contact: Json): Accepted {
  const sent = run.sent.toSorted((one, other) => one.part - other.part)
  // The text of a template stands at the template.
  const ref = (told ? sent.at(-1) : sent[0])?.ref ?? ''
  const events: GatewayEvent[] = [...namesOf(run.message, contact), ...notes, ...(told ? [tellingOf(ref, told)] : [])]
  return {
    kind: 'accepted',
    ref,
    ...(sent.length > 1 || sent[0]?.part !== 0 ? { sent } : {}),
    ...(events.length > 0 ? { later: [{ afterMs: 0, events }] } : {})
  }
}

/** Only a status has a place in the message's story for what the channel has to say. */
const tellingOf = (ref: string, reason: string): StatusEvent => ({ kind: 'status', ref, status: 'sent', reason })

/** Numbers of Brazil, Mexico and Argentina have two ways to be written, and answers come by Meta's. */
function namesOf({ contact, address }: { contact: string; address: string }, { wa_id, user_id }: Json): GatewayEvent[] {
  const phone = text(wa_id).replace(/\D/g, '')
  if (!phone || isBsuid(address)) return []
  return [
    ...(phone === address.replace(/^\+/, '') ? [] : renamed(contact, phone)),
    ...(text(user_id) ? sameCustomer({ phone, bsuid: text(user_id) }) : [])
  ]
}
