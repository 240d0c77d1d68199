import { createHash } from 'node:crypto'
import type { GatewayEvent } from 'channel-kit/event'
import { type Json, number, record, text } from 'channel-kit/json'
import { lines, type Manner, type Said, type Skipped, skipped } from './content.ts'
import { contactOf, customerOf, renamed, sameCustomer, senderOf } from './customer.ts'
import { read } from './kinds.ts'
import { prefaceOf } from './preface.ts'
import { targetOf } from './quote.ts'

/** Facts about a message that a later one in the conversation needs. */
export interface Context {
  /** True if the message opened the 24-hour window. */
  opens: boolean
  name?: string
  /** The wamid that it answers. */
  quoted?: string
  /** The ad that it came from, as Meta tells it. */
  referral?: Json
  /** Payload of the button that was pressed, or of the row that was chosen. */
  payload?: string
  /** The customer did not write it: the chat is told something by it. */
  note?: boolean
}

/** Memory of a conversation about its customer. */
interface Memory {
  /** When the customer last wrote, in ISO 8601. */
  opened: string
  /** The wamid of that. */
  ref?: string
}

/** Events of one message, or why there are none. */
export function eventsOfMessage(message: Json, contacts: unknown, manner: Manner, now: Date): GatewayEvent[] | Skipped {
  if (message.type === 'system') return eventsOfSystem(message)
  const customer = senderOf(message, contacts)
  const contact = contactOf(customer)
  if (!contact) return skipped('message from nobody')
  const content = read(message, manner)
  if (content.kind === 'skipped') return content

  const at = timeOf(message.timestamp, now)
  const opens = !content.aside && !text(message.group_id)
  const ref = text(message.id)
  const opened: Memory = { opened: (at && at < now ? at : now).toISOString(), ...(ref ? { ref } : {}) }
  return [
    ...sameCustomer(customer),
    {
      kind: 'message',
      ref: ref || `unnamed-${createHash('sha256').update(JSON.stringify(message)).digest('hex')}`,
      contact,
      subject: null,
      ...contentOf(content, message, manner, now),
      ...(at ? { at } : {}),
      context: contextOf(message, customer.profile, opens),
      ...(opens ? { remember: opened } : {})
    }
  ]
}

/** A message that arrives later is shown with its time, which the CRM does not have: the window may be closed by now. */
const LATE_MS = 15 * 60_000
/** Meta keeps nothing for longer, so that is the time of a sample. */
const LONGEST_MS = 30 * 86_400_000

function lateLine(at: Date, now: Date, { translate }: Manner): string {
  const ms = now.getTime() - at.getTime()
  const time = `${at.toISOString().slice(0, 16).replace('T', ' ')} UTC`
  return ms < LATE_MS || ms > LONGEST_MS ? '' : translate('chat', '[Written on {time}]', { time })
}

/** A message of nothing but spaces is still one that was written. */
export function contentOf({ text: own, attachments }: Said, message: Json, manner: Manner, now: Date, head = '') {
  const body = own.trim() || attachments.length > 0 ? own : manner.translate('chat', '[An empty message]')
  const at = timeOf(message.timestamp, now)
  const late = at ? lateLine(at, now, manner) : ''
  const whole = lines(late, head, ...prefaceOf(message, manner), body)
  return { content: whole ? ({ text: whole, format: 'text' } as const) : null, attachments }
}

function contextOf(message: Json, { name, username }: Json, opens: boolean): Context {
  const interactive = record(message.interactive)
  const payload = text(record(interactive[text(interactive.type)]).id) || text(record(message.button).payload)
  const quoted = targetOf(message)
  return {
    opens,
    ...(text(name) || text(username) ? { name: text(name) || text(username) } : {}),
    ...(quoted ? { quoted } : {}),
    ...(message.referral ? { referral: flat(record(message.referral)) } : {}),
    ...(payload ? { payload } : {})
  }
}

/** Its texts and numbers: who nests a thousand things in one another must not keep the host from storing the rest. */
const flat = (given: Json): Json =>
  Object.fromEntries(
    Object.entries(given).filter(([, value]) => typeof value === 'string' || typeof value === 'number')
  )

/** No two clocks are the same. */
const CLOCKS_MS = 60_000

/** Meta's time, in seconds. Undefined: it is none, or has not come yet, and the host's counts. */
export function timeOf(timestamp: unknown, now: Date): Date | undefined {
  const at = new Date(number(timestamp) * 1_000)
  return at.getTime() > 0 && at.getTime() <= now.getTime() + CLOCKS_MS ? at : undefined
}

/** Not a line of the chat: the customer goes by another name now. */
function eventsOfSystem({ from, from_user_id, system }: Json): GatewayEvent[] | Skipped {
  const { type, wa_id, user_id } = record(system)
  const before = customerOf(from, from_user_id)
  const after = customerOf(wa_id, user_id)
  const changes = [
    ...renamed(before.phone, after.phone),
    ...sameCustomer({ ...after, phone: after.phone || before.phone })
  ]
  if (type === 'user_changed_user_id' || type === 'user_changed_number')
    return changes.length > 0 ? changes : [...renamed(before.bsuid, after.bsuid)]
  return skipped(`system ${text(type)}`)
}
