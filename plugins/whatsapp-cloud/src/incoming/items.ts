import type { GatewayEvent } from 'channel-kit/event'
import { type Json, list, record, text } from 'channel-kit/json'
import type { Asked, Recalled } from 'channel-kit/tools'
import type { WhatsAppTools } from '../settings.ts'
import { type Skipped, skipped } from './content.ts'
import { contactOf, otherForm, receiverOf, senderOf } from './customer.ts'
import { eventsOfEcho } from './echo.ts'
import { eventsOfField, note } from './management.ts'
import { eventsOfMessage, timeOf } from './message.ts'
import { quoteOf, targetOf } from './quote.ts'
import { eventsOfStatus } from './status.ts'

export type Result = GatewayEvent[] | Skipped

/** `line`: the part that is meant of it, in a line. */
export type Found = Recalled & { line?: string }

/** An item of a webhook, and the refs to recall before it can be read. */
export interface Item {
  asks: readonly Asked[]
  read: (found: readonly (Found | undefined)[]) => Result
  /** Set when the item is another account's: the id of the number that it is about, or ''. */
  foreign?: string
}

const plainItem = (read: Item['read']): Item => ({ asks: [], read })

const foreignItem = (foreign: string, why: string): Item => ({ ...plainItem(() => skipped(why)), foreign })

/** The things that a webhook brings, over all its entries and changes. */
export function itemsOf({ object, entry }: Json, tools: WhatsAppTools): Item[] {
  if (object !== 'whatsapp_business_account') return [foreignItem('', `object ${text(object)}`)]
  return list(entry)
    .map(record)
    .flatMap(({ id, time, changes }) =>
      list(changes)
        .map(record)
        .flatMap(change => itemsOfChange({ accountId: text(id), time: text(time) }, change, tools))
    )
}

interface Entry {
  accountId: string
  /** When Meta heard of what the entry brings: the same in a repeat. */
  time: string
}

function itemsOfChange({ accountId, time }: Entry, { field, value }: Json, tools: WhatsAppTools): Item[] {
  const { businessAccountId, phoneNumberId } = tools.settings.account
  const given = record(value)
  const number = text(record(given.metadata).phone_number_id)
  if (number ? number !== phoneNumberId : accountId !== businessAccountId)
    return [foreignItem(number, 'another account')]
  if (field === 'messages') return itemsOfMessages(given, tools)
  if (field === 'smb_message_echoes') return itemsOfEchoes(given, tools)
  return [plainItem(() => eventsOfField(text(field), given, time))]
}

function itemsOfMessages(value: Json, { settings: { incoming, window }, translate, now }: WhatsAppTools): Item[] {
  const messages = inOrder(list(value.messages).map(record), now())
  const troubles = messages.length > 0 ? [] : list(value.errors)
  const hasFallback = (window.fallbackTemplate ?? []).length > 0
  return [
    ...messages.map(message => ({
      asks: asksOf(contactOf(senderOf(message, value.contacts)), targetOf(message)),
      read: ([quoted]: readonly (Found | undefined)[]) =>
        eventsOfMessage(message, value.contacts, { incoming, translate, quote: shownOf(quoted) }, now())
    })),
    ...list(value.statuses).map(status =>
      plainItem(() => eventsOfStatus(record(status), { incoming, translate, hasFallback }))
    ),
    ...troubles.map(error => plainItem(() => [note('trouble', record(error))]))
  ]
}

function itemsOfEchoes(value: Json, { settings: { incoming }, translate, now }: WhatsAppTools): Item[] {
  const ownNumber = record(value.metadata).display_phone_number
  const echoes = inOrder(list(value.message_echoes).map(record), now())
  return echoes.map(message => {
    const customer = receiverOf(message, value.contacts, ownNumber)
    const names = echoes.length === 1 ? otherForm(customer, value.contacts, ownNumber) : []
    const contact = contactOf(customer)
    return {
      asks: [...asksOf(contact, text(message.id)), ...asksOf(contact, targetOf(message))],
      read: found => {
        const own = found[0]
        const events = eventsOfEcho(message, customer, { incoming, translate, quote: shownOf(found[1]) }, now(), own)
        if (!Array.isArray(events)) return names.length > 0 ? names : events
        return [...names, ...events]
      }
    }
  })
}

const asksOf = (contact: string, ref: string): Asked[] => (contact && ref ? [{ contact, ref }] : [])

const shownOf = (found: Found | undefined) => (found ? (found.line ?? quoteOf(found)) : '')

/** Meta keeps no order; within a second, and for one without a time, that of the list is all there is. */
function inOrder(messages: readonly Json[], now: Date): Json[] {
  let last = 0
  const timed = messages.map(message => {
    last = timeOf(message.timestamp, now)?.getTime() ?? last
    return { message, at: last }
  })
  return timed.toSorted((one, other) => one.at - other.at).map(({ message }) => message)
}
