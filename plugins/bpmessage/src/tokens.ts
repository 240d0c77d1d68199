import { spoken } from './time.ts'

/** Places in a text that are filled with what is known of the message: `{contact}`, `{contactfield=name|fallback}` and others. */

export interface Known {
  contact: string
  subject: string
  /** Values of directives, by name. */
  fields: Readonly<Record<string, string>>
  now: Date
  timeZone: string
  /** For what is filled in, of all texts of a message; below zero when it was not enough. */
  room?: { left: number }
}

const TOKEN = /\{(contact|subject|date_now|timestamp|contactfield=([^{}|]+)(?:\|([^{}]*))?)\}/g

/** A thousand places that each name the longest field would be more than a host can hold. */
export const MOST_FILLED = 524_288

/** A moment has to be spelled, which takes as long as copying this many characters. */
const TOKEN_COST = 50

/**
 * Fills in tokens. Unknown ones become the fallback, or nothing. Any other text
 * stays as it is, and so do all tokens once there is no room left: such a
 * message is longer than any may be.
 */
export function fillTokens(text: string, known: Known, shown = (value: string) => value): string {
  const room = known.room ?? { left: MOST_FILLED }
  return text.replace(TOKEN, (whole, token: string, field?: string, fallback = '') => {
    if (room.left < 0) return whole
    // A fallback is a part of the text, and written like it.
    const value = field === undefined ? shown(standing(token, known)) : shown(fieldOf(field, known) ?? '') || fallback
    room.left -= value.length + TOKEN_COST
    return value
  })
}

function standing(token: string, { contact, subject, now, timeZone }: Known): string {
  switch (token) {
    case 'contact':
      return contact
    case 'subject':
      return subject
    case 'timestamp':
      return String(Math.floor(now.getTime() / 1_000))
    default:
      return spoken(now, timeZone)
  }
}

function fieldOf(name: string, { contact, subject, fields }: Known): string | undefined {
  const key = name.trim().toLowerCase()
  if (Object.hasOwn(fields, key)) return fields[key] || undefined
  return key === 'contact' ? contact || undefined : key === 'subject' ? subject || undefined : undefined
}
