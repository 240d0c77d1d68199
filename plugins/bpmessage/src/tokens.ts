import { spoken } from './time.ts'

/** Places in a text that are filled with what is known of the message: `{contact}`, `{contactfield=name|fallback}` and others. */

export interface Known {
  contact: string
  subject: string
  /** What the directives said, by name. */
  fields: Readonly<Record<string, string>>
  now: Date
  timeZone: string
}

const TOKEN = /\{(contact|subject|date_now|timestamp|contactfield=([^{}|]+)(?:\|([^{}]*))?)\}/g

/** What is not known becomes the fallback, or nothing. What is no token stays as it is. */
export const fillTokens = (text: string, known: Known, shown = (value: string) => value): string =>
  text.replace(TOKEN, (_, token: string, field?: string, fallback = '') =>
    // A fallback is a part of the text, and written like it.
    field === undefined ? shown(standing(token, known)) : shown(fieldOf(field, known) ?? '') || fallback
  )

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
  const known: Readonly<Record<string, string>> = { contact, subject, ...fields }
  const key = name.trim().toLowerCase()
  return Object.hasOwn(known, key) ? known[key] || undefined : undefined
}
