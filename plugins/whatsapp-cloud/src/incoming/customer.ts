import type { RenamedEvent } from 'channel-kit/event'
import { type Json, list, record, text } from 'channel-kit/json'

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

/** The contact in the chat; '' for nobody. */
export const contactOf = ({ phone, bsuid }: Customer) => phone || bsuid

export const customerOf = (phone: unknown, bsuid: unknown): Customer => ({
  phone: text(phone).replace(/\D/g, ''),
  bsuid: text(bsuid).trim()
})

/** By the name that messages to them are addressed to. */
export const customerAt = (address: string): Customer =>
  isBsuid(address) ? { phone: '', bsuid: address } : customerOf(address, '')

/** The sender, by the message and by the entry of the webhook's contacts that matches it. */
export const senderOf = (message: Json, contacts: unknown): Joined =>
  joined(customerOf(message.from, message.from_user_id || message.from_parent_user_id), contacts, numberShared(message))

/**
 * How Meta writes the number to which one thing was written, where that is not
 * as the phone of the business wrote it: both are one customer. Of several it
 * would not be known whose it is.
 */
export function otherForm({ phone }: Customer, contacts: unknown, ownNumber: unknown): RenamedEvent[] {
  const [only, ...more] = list(contacts).map(contact => customerOf(record(contact).wa_id, '').phone)
  if (!only || more.length > 0 || !phone || only === customerOf(ownNumber, '').phone) return []
  return [...renamed(only, phone), ...renamed(phone, only)]
}

/** To whom the business wrote. Meta's samples of what was edited and deleted have the two the other way round. */
export function receiverOf(message: Json, contacts: unknown, ownNumber: unknown): Joined {
  const { phone, bsuid } = customerOf(message.to, message.to_user_id || message.to_parent_user_id)
  const isOwn = phone !== '' && phone === customerOf(ownNumber, '').phone
  return isOwn ? senderOf(message, contacts) : joined({ phone, bsuid }, contacts)
}

type Joined = Customer & { profile: Json }

/** Joined by id, never by place. */
function joined({ phone, bsuid }: Customer, contacts: unknown, shared?: unknown): Joined {
  const own = list(contacts)
    .map(record)
    .find(({ wa_id, user_id }) => (phone && text(wa_id) === phone) || (bsuid && text(user_id) === bsuid))
  const { wa_id, user_id, profile } = own ?? {}
  return { ...customerOf(phone || wa_id || shared, bsuid || user_id), profile: record(profile) }
}

/** A customer who hides the number may share it when asked to, as a contact of that origin. */
function numberShared({ type, contacts }: Json): unknown {
  const [card] = type === 'contacts' ? list(contacts).map(record) : []
  return card?.origin === 'contact_request' ? record(list(card.phones)[0]).wa_id : undefined
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
