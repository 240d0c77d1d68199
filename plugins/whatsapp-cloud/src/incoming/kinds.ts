import { type Json, list, number, record, text } from 'channel-kit/json'
import { chosen } from '../settings.ts'
import { readContacts } from './cards.ts'
import { lines, type Manner, type Reader, type Said, type Skipped, said, skipped } from './content.ts'
import { readButton, readInteractive } from './interactive.ts'
import { readAudio, readDocument, readImage, readSticker, readVideo, tooLarge } from './media.ts'

/** Every type of message as the chat sees it. README.md, "What customers send". */
export function read(message: Json, manner: Manner): Said | Skipped {
  const type = text(message.type)
  const reader = Object.hasOwn(READERS, type) ? READERS[type] : undefined
  return reader ? reader(record(message[type]), manner, message) : placeholder(type || 'unknown', message, manner)
}

/** 131060: only the phone of the business has the text. */
const ONLY_ON_THE_PHONE = 131060

function placeholder(type: string, message: Json, manner: Manner): Said {
  const { translate } = manner
  const large = tooLarge(message, manner)
  if (large) return said(large)
  if (list(message.errors).some(error => number(record(error).code) === ONLY_ON_THE_PHONE))
    return said(
      translate('chat', '[A message that only the phone has: look there, or ask the customer to send it again]')
    )
  return said(translate('chat', '[A message that WhatsApp does not show: {type}]', { type }))
}

const readUnsupported: Reader = (body, manner, message) => placeholder(text(body.type) || 'unknown', message, manner)

const readReaction: Reader = ({ emoji }, { incoming, translate, quote }) => {
  if (!text(emoji)) return skipped('reaction withdrawn')
  if (chosen(incoming.reactions) === 'hide') return skipped('reaction')
  const own = quote
    ? `${text(emoji)} → “${quote}”`
    : translate('chat', '{emoji} (reaction to a message)', { emoji: text(emoji) })
  return { ...said(own), aside: true }
}

const readLocation: Reader = ({ latitude, longitude, name, address }, { incoming, translate }) => {
  const [lat, lng] = [Number.parseFloat(text(latitude)), Number.parseFloat(text(longitude))]
  const known = Number.isFinite(lat) && Number.isFinite(lng)
  const link = known ? `https://maps.google.com/?q=${lat},${lng}` : translate('chat', '[A place]')
  return chosen(incoming.locations) === 'link' ? said(link) : said(lines(text(name), text(address), link))
}

const readOrder: Reader = ({ text: note, product_items }, { translate }) => {
  const items = list(product_items).map(record)
  const sums = new Map<string, number>()
  for (const { quantity, item_price, currency } of items) {
    const sum = number(quantity) * number(item_price)
    if (Number.isFinite(sum)) sums.set(text(currency), (sums.get(text(currency)) ?? 0) + sum)
  }
  const rows = items.map(
    ({ product_retailer_id, quantity, item_price, currency }) =>
      `${text(product_retailer_id)} × ${text(quantity)}, ${text(item_price)} ${text(currency)}`
  )
  const total = [...sums].map(([currency, sum]) => `${Math.round(sum * 100) / 100} ${currency}`.trim()).join(', ')
  const sum = total ? translate('chat', 'Order total: {total}', { total }) : ''
  return said(lines(text(note), ...rows, sum) || translate('chat', '[An order]'))
}

/** Written on a phone that shares the number with us. */
const readEdit: Reader = ({ message }, manner, { id }) => {
  const inner = read({ ...record(message), id }, manner)
  return inner.kind === 'skipped' ? inner : { ...inner, text: `✏️ ${inner.text}`.trim(), aside: true }
}

const readRevoke: Reader = (_body, { translate, quote, echo = false }) => {
  const deleted = echo
    ? translate('chat', '[A message was deleted]')
    : translate('chat', '[The customer deleted a message]')
  return { ...said(quote ? `${deleted} “${quote}”` : deleted), aside: true }
}

const READERS: Readonly<Record<string, Reader>> = {
  text: ({ body }) => said(text(body)),
  image: readImage,
  video: readVideo,
  audio: readAudio,
  document: readDocument,
  sticker: readSticker,
  location: readLocation,
  contacts: readContacts,
  interactive: readInteractive,
  button: readButton,
  reaction: readReaction,
  order: readOrder,
  unsupported: readUnsupported,
  edit: readEdit,
  revoke: readRevoke,
  request_welcome: () => skipped('request_welcome')
}
