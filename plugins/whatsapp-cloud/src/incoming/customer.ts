import type { RenamedEvent } from 'channel-kit/event'
import { type Json, list, record, text } from '../json.ts'

/**
 * Customers have a phone number, an id that WhatsApp made for this business
 * (a BSUID, such as `US.13491208655302741918`), or both: who has a username
 * shows no number any more. The chat goes by the number while it is known.
 */

const BSUID = /^[A-Z]{2}(\.ENT)?\.[A-Za-z0-9]{1,128}$/

export const isBsuid = (contact: string) => BSUID.test(contact)

export interface Customer {
  /** Digits, without a plus. */
  phone: string
  bsuid: string
}

/** What the chat calls them; '' for nobody. */
export const contactOf = ({ phone, bsuid }: Customer) => phone || bsuid

export const customerOf = (phone: unknown, bsuid: unknown): Customer => ({
  phone: text(phone).replace(/\D/g, ''),
  bsuid: text(bsuid).trim()
})

export const senderOf = (message: Json) => customerOf(message.from, message.from_user_id)

/** Of the `contacts` of a webhook the one that a message is from: by id, never by place. */
export function profileOf(contacts: unknown, { phone, bsuid }: Customer): Json {
  const own = list(contacts)
    .map(record)
    .find(({ wa_id, user_id }) => (phone && text(wa_id) === phone) || (bsuid && text(user_id) === bsuid))
  return own ?? {}
}

/**
 * Both names of one customer are one conversation, whichever of them it began
 * with, and whichever comes next time. The number, being last, is where
 * messages go.
 */
export const sameCustomer = ({ phone, bsuid }: Customer): RenamedEvent[] =>
  phone && isBsuid(bsuid) ? [...renamed(phone, bsuid), ...renamed(bsuid, phone)] : []

export const renamed = (from: string, to: string): RenamedEvent[] =>
  from && to && from !== to ? [{ kind: 'renamed', from, to }] : []
