import { createHash } from 'node:crypto'
import type { ConsentEvent, NoteEvent } from 'channel-kit/event'
import { type Json, list, record, text } from 'channel-kit/json'
import type { Note } from 'channel-kit/tools'
import { type Customer, contactOf, customerAt, customerOf } from './customer.ts'

/** Customers who do not want marketing. Meta holds it against a business to try them again and again. README.md, "Templates". */

export const OPTED_OUT = 131050

/** They may have changed their mind without anybody telling us, so after a while it is for Meta to say. */
const HOLDS_MS = 7 * 86_400_000

/** Kept without saying who it is. */
const nameOf = (contact: string) => `opt-out:${createHash('sha256').update(contact).digest('base64url').slice(0, 22)}`

export const optOut = (customer: Customer, isOut: boolean): (NoteEvent | ConsentEvent)[] => {
  const contact = contactOf(customer)
  const names = [customer.phone, customer.bsuid].filter(Boolean)
  return [
    ...names.map(name => ({ kind: 'note' as const, name: nameOf(name), value: isOut ? {} : null })),
    ...(contact ? [{ kind: 'consent', contact, purpose: 'marketing', isGiven: !isOut } as const] : [])
  ]
}

/** The field `user_preferences`: `stop`, `resume`, `signup`. */
export const eventsOfPreferences = ({ user_preferences }: Json): (NoteEvent | ConsentEvent)[] =>
  list(user_preferences)
    .map(record)
    .filter(({ category }) => category === 'marketing_messages')
    .flatMap(({ wa_id, user_id, value }) => optOut(customerOf(wa_id, user_id), text(value) === 'stop'))

export function isOptedOut(address: string, notes: Readonly<Record<string, Note>>, now: Date): boolean {
  const note = notes[nameOf(contactOf(customerAt(address)))]
  return note !== undefined && now.getTime() - note.at.getTime() < HOLDS_MS
}
