import type { Outgoing } from 'channel-kit/outcome'
import { isBsuid } from '../incoming/customer.ts'

/** Whom to send to: a number, or the id that WhatsApp made of a customer who hides it. */
export type Recipient = { to: string } | { recipient: string }

/** Undefined: it is neither a number nor an id. */
export const recipientOf = ({ address }: Pick<Outgoing, 'address'>): Recipient | undefined =>
  isBsuid(address) ? { recipient: address } : number(address)

/** With a plus, or WhatsApp may take it for a number of the business's own country. */
function number(contact: string): Recipient | undefined {
  const digits = contact.replace(/[\s().-]/g, '').replace(/^(\+|00)/, '')
  return /^\d{5,20}$/.test(digits) ? { to: `+${digits}` } : undefined
}
