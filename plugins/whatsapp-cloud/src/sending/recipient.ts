import type { ChatMessage } from 'channel-kit/chat'
import type { Outgoing } from 'channel-kit/outcome'
import type { Translate } from 'channel-kit/tools'
import { typed } from 'channel-kit/typed'
import { isBsuid } from '../incoming/customer.ts'

/** The recipient: a number, or the id that WhatsApp made of a customer who hides it. */
export type Recipient = { to: string } | { recipient: string }

/** The recipient at an address; undefined if the address is neither a number nor an id. */
export const recipientOf = ({ address }: Pick<Outgoing, 'address'>): Recipient | undefined =>
  isBsuid(address) ? { recipient: address } : number(address)

/** Why a message can never be sent. */
export async function refusal(
  { contact, template }: ChatMessage,
  { translate }: { translate: Translate }
): Promise<string | undefined> {
  if (!recipientOf({ address: contact })) return translate('reasons', '{contact} is no phone number', { contact })
  return template && !template.language ? 'template: the language is missing' : undefined
}

/** With a plus, or WhatsApp may take it for a number of the business's own country. */
function number(contact: string): Recipient | undefined {
  const digits = typed(contact)
    .replace(/^(whatsapp|tel|sms):/i, '')
    .replace(/@(s\.whatsapp\.net|c\.us)$/i, '')
    .replace(/\p{Nd}/gu, western)
    // The zero that is dialled within a country only.
    .replace('(0)', '')
    .replace(/[\s()./\p{Pd}−]/gu, '')
    .replace(/^(\+|00)/, '')
  return /^\d{5,20}$/.test(digits) ? { to: `+${digits}` } : undefined
}

/** Digits of a script follow one another from its zero on. */
function western(digit: string): string {
  let code = digit.codePointAt(0) ?? 0
  let value = 0
  while (value < 9 && /\p{Nd}/u.test(String.fromCodePoint(code - 1))) {
    code -= 1
    value += 1
  }
  return String(value)
}
