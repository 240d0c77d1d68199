import type { Received, WebhookRequest } from 'channel-kit/channel'
import type { GatewayEvent } from 'channel-kit/event'
import { type Json, list, parse, record, text } from '../json.ts'
import type { WhatsAppTools } from '../settings.ts'
import { eventsOfField, note } from './management.ts'
import { eventsOfMessage } from './message.ts'
import { type Manner, type Skipped, skipped } from './said.ts'
import { eventsOfStatus } from './status.ts'

/**
 * A webhook brings up to a thousand things, of several kinds and numbers. Each
 * is read by itself, so that a bad one costs none of the others; what nobody
 * needs is counted in the log and answered like the rest, or Meta would send
 * the whole batch again for days.
 */
export async function receive({ body }: Pick<WebhookRequest, 'body'>, tools: WhatsAppTools): Promise<Received> {
  const { log, notes, now } = tools
  const ignored: Record<string, number> = {}
  const events: GatewayEvent[] = []
  for (const read of itemsOf(record(parse(body.toString())), tools)) {
    const result = guarded(read, log)
    if (Array.isArray(result)) events.push(...result)
    else ignored[result.why] = (ignored[result.why] ?? 0) + 1
  }
  if (Object.keys(ignored).length > 0) log.info({ ignored }, 'a webhook had things that are not for the chat')
  return { reply: { status: 200 }, events: [...events.filter(newsOnly()), ...seen(notes.webhook?.at, now())] }
}

/** Of a customer who wrote ten times it has to be said only once who that is. */
function newsOnly() {
  const known = new Set<string>()
  return (event: GatewayEvent): boolean => {
    const key = event.kind === 'renamed' ? `${event.from} ${event.to}` : ''
    if (key && known.has(key)) return false
    known.add(key)
    return true
  }
}

type Result = GatewayEvent[] | Skipped
type Item = () => Result

function guarded(item: Item, log: WhatsAppTools['log']): Result {
  try {
    return item()
  } catch (error) {
    log.error({ err: error }, 'a part of a webhook could not be read')
    return skipped('unreadable')
  }
}

/** That webhooks come at all is what an admin wants to know first; every ten minutes is enough. */
const seen = (last: Date | undefined, now: Date) =>
  last && now.getTime() - last.getTime() < 600_000 ? [] : [note('webhook', {})]

function itemsOf({ object, entry }: Json, tools: WhatsAppTools): Item[] {
  if (object !== 'whatsapp_business_account') return [() => skipped(`object ${text(object)}`)]
  return list(entry)
    .map(record)
    .flatMap(({ id, changes }) =>
      list(changes)
        .map(record)
        .flatMap(change => itemsOfChange(text(id), change, tools))
    )
}

function itemsOfChange(accountId: string, { field, value }: Json, tools: WhatsAppTools): Item[] {
  const { businessAccountId, phoneNumberId } = tools.settings.account
  const given = record(value)
  const number = text(record(given.metadata).phone_number_id)
  if (number ? number !== phoneNumberId : accountId !== businessAccountId) return [() => skipped('another account')]
  return field === 'messages' ? itemsOfMessages(given, tools) : [() => eventsOfField(text(field), given)]
}

function itemsOfMessages(value: Json, { settings: { incoming }, translate, now }: WhatsAppTools): Item[] {
  const manner: Manner = { incoming, translate }
  const messages = list(value.messages).map(record).toSorted(earlier)
  const troubles = messages.length > 0 ? [] : list(value.errors)
  return [
    ...messages.map(message => () => eventsOfMessage(message, value.contacts, manner, now())),
    ...list(value.statuses).map(status => () => eventsOfStatus(record(status), manner)),
    ...troubles.map(error => () => [note('trouble', record(error))])
  ]
}

/** Meta keeps no order; within a second that of the list is all there is. */
const earlier = (one: Json, other: Json) => (Number(one.timestamp) || 0) - (Number(other.timestamp) || 0)
