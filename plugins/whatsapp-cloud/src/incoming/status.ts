import type { Status } from 'channel-kit/chat'
import type { GatewayEvent, StatusEvent } from 'channel-kit/event'
import { type Json, list, text } from 'channel-kit/json'
import { type GraphError, webhookError } from '../graph/errors.ts'
import { explain } from '../graph/reasons.ts'
import { contactOf, customerOf } from './customer.ts'
import { failureNote } from './failure-note.ts'
import { OPTED_OUT, optOut } from './opt-out.ts'
import { type Manner, type Skipped, skipped } from './said.ts'

const STATUSES: ReadonlyMap<string, Status> = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'read'],
  ['played', 'read'],
  ['failed', 'error']
])

const TRANSIENT = [130429, 131000, 131016, 131056, 131057]

/** How far a message got. The reason of a failure is told once, here, and never again. */
export function eventsOfStatus(given: Json, manner: Omit<Manner, 'quote'>): GatewayEvent[] | Skipped {
  const status = STATUSES.get(text(given.status))
  const ref = text(given.id)
  if (!status || !ref) return skipped(`status ${text(given.status)}`)
  const message = partOf(text(given.biz_opaque_callback_data))
  const event: StatusEvent = { kind: 'status', ref, status, ...(message ? { message } : {}) }
  if (status !== 'error') return [event]

  const customer = customerOf(given.recipient_id, given.recipient_user_id)
  const errors = list(given.errors).map(webhookError)
  const reason = reasonOf(errors, manner)
  const isUnwanted = errors.some(({ code }) => code === OPTED_OUT)
  // Failed is final at Meta, so sending it again makes no second message. The host does so once.
  if (errors.length > 0 && errors.every(({ code }) => TRANSIENT.includes(code)))
    return [{ ...event, status: 'returned', reason }]
  return [
    { ...event, reason },
    ...failureNote({ ref, contact: contactOf(customer), reason }, manner),
    ...(isUnwanted ? optOut(customer, true) : [])
  ]
}

/** What `send` gave the message to be known by, `<id>:<part>`. */
export const tagOf = (id: string, part: number) => `${id}:${part}`

function partOf(tag: string) {
  const [, id, part] = /^([^\s:]{1,128}):(\d{1,4})$/.exec(tag) ?? []
  return id === undefined ? undefined : { id, part: Number(part) }
}

function reasonOf(errors: readonly GraphError[], { translate }: Pick<Manner, 'translate'>): string {
  const reasons = errors.map(error => explain(error, translate))
  return reasons.join('; ') || translate('reasons', 'WhatsApp did not say why')
}
