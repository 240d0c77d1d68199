import type { Media } from 'channel-kit/event'
import { type Json, list, record, text } from 'channel-kit/json'
import { lines, type Reader, said } from './content.ts'
import { type StoredText, safeName } from './media.ts'

/** Contacts that a customer shares, each a block of lines; a card that came along is a file too. */
export const readContacts: Reader = (_body, { translate }, { contacts }) => {
  const cards = list(contacts).map(record)
  const blocks = cards.map(blockOf).filter(Boolean)
  return said(blocks.join('\n\n') || translate('chat', '[A contact]'), cards.flatMap(fileOf))
}

function blockOf(card: Json): string {
  const { company, department, title } = record(card.org)
  return lines(
    nameOf(card),
    [company, department, title].map(text).filter(Boolean).join(', '),
    ...list(card.phones).map(phone => text(record(phone).phone) || text(record(phone).wa_id)),
    ...list(card.emails).map(email => text(record(email).email)),
    ...list(card.addresses).map(address => addressOf(record(address))),
    ...list(card.urls).map(url => text(record(url).url)),
    text(card.birthday)
  )
}

function nameOf(card: Json): string {
  const { formatted_name, prefix, first_name, middle_name, last_name, suffix } = record(card.name)
  return (
    text(formatted_name) || [prefix, first_name, middle_name, last_name, suffix].map(text).filter(Boolean).join(' ')
  )
}

const addressOf = ({ street, city, state, zip, country }: Json) =>
  [street, city, state, zip, country].map(text).filter(Boolean).join(', ')

function fileOf(card: Json): Media[] {
  const vcard = text(card.vcard)
  if (!vcard) return []
  const stored: StoredText = { kind: 'text', text: vcard }
  return [{ media: stored, name: `${safeName(nameOf(card)) || 'contact'}.vcf`, type: 'file' }]
}
