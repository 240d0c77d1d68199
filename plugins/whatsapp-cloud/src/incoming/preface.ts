import { type Json, record, text } from 'channel-kit/json'
import { chosen } from '../settings.ts'
import type { Manner } from './content.ts'

/** The lines above a message that say where it comes from: an ad, another chat, an earlier message. */
export const prefaceOf = (message: Json, manner: Manner): readonly string[] =>
  [adLine(record(message.referral), manner), groupLine(message, manner), quoteLine(message, manner)].filter(Boolean)

/** A pressed button always stands below a message. */
const PRESSED = ['button', 'interactive']

function adLine({ headline, body, source_url, source_type }: Json, { incoming, translate }: Manner): string {
  const name = text(headline) || text(body) || text(source_type)
  const url = text(source_url)
  if (chosen(incoming.referrals) === 'hide' || (!name && !url)) return ''
  const ad = url ? `${name} (${url})`.trim() : name
  return translate('chat', 'From an ad: {ad}', { ad })
}

/** An answer goes to the customer alone. */
const groupLine = ({ group_id }: Json, { translate }: Manner) =>
  text(group_id) ? translate('chat', '[Written in a group]') : ''

function quoteLine({ type, context }: Json, { incoming, translate, quote }: Manner): string {
  const { id, forwarded, frequently_forwarded, referred_product } = record(context)
  if (chosen(incoming.quotes) === 'hide' || PRESSED.includes(text(type))) return ''
  const { product_retailer_id } = record(referred_product)
  if (text(product_retailer_id))
    return translate('chat', '> About the product {product}', { product: text(product_retailer_id) })
  if (frequently_forwarded === true) return translate('chat', '> Forwarded many times')
  if (forwarded === true) return translate('chat', '> Forwarded')
  if (!text(id)) return ''
  return quote ? `> ${quote}` : translate('chat', '> In reply to an earlier message')
}
