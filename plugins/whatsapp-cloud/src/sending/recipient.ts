import type { Outgoing } from 'channel-kit/outcome'
import { isBsuid } from '../incoming/customer.ts'
import { record, text } from '../json.ts'

/** Whom to send to: a number, or the id that WhatsApp made of a customer who hides it. */
export type Recipient = { to: string } | { recipient: string }

/** Undefined: it is neither a number nor an id. */
export function recipientOf({ address, conversation: { memory } }: Pick<Outgoing, 'address' | 'conversation'>) {
  const { phone, bsuid } = record(memory)
  // Templates with a code go to numbers only, so a number that is known is the better address.
  if (isBsuid(address))
    return bsuid === address && text(phone) ? number(text(phone)) : ({ recipient: address } as const)
  return number(address)
}

/** With a plus, or WhatsApp may take it for a number of the business's own country. */
function number(contact: string): Recipient | undefined {
  const digits = contact.replace(/[\s().-]/g, '').replace(/^(\+|00)/, '')
  return /^\d{5,20}$/.test(digits) ? { to: `+${digits}` } : undefined
}
