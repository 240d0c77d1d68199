import type { Status } from 'channel-kit/chat'
import type { Cost, GatewayEvent, StatusEvent } from 'channel-kit/event'
import { type Json, list, record, text } from 'channel-kit/json'
import { classOf, type GraphError, webhookError } from '../graph/errors.ts'
import { explain } from '../graph/reasons.ts'
import { type Manner, type Skipped, skipped } from './content.ts'
import { contactOf, customerOf } from './customer.ts'
import { failureNote } from './failure-note.ts'
import { OPTED_OUT, optOut } from './opt-out.ts'

const STATUSES: ReadonlyMap<string, Status> = new Map([
  ['sent', 'sent'],
  ['delivered', 'delivered'],
  ['read', 'read'],
  ['played', 'read'],
  ['failed', 'error']
])

interface StatusManner extends Omit<Manner, 'quote'> {
  /** There is a template for customers who have not written for a day. */
  hasFallback: boolean
}

/** How far a message got. The reason of a failure is told once, here, and never again. */
export function eventsOfStatus(given: Json, manner: StatusManner): GatewayEvent[] | Skipped {
  const status = STATUSES.get(text(given.status))
  const ref = text(given.id)
  if (!status || !ref) return skipped(`status ${text(given.status)}`)
  const message = partOf(text(given.biz_opaque_callback_data))
  const customer = customerOf(given.recipient_id, given.recipient_user_id)
  const contact = contactOf(customer)
  const event: StatusEvent = {
    kind: 'status',
    ref,
    status,
    ...(message ? { message } : {}),
    ...(contact ? { contact } : {})
  }
  if (status !== 'error') return [{ ...event, ...costOf(given) }]

  const errors = list(given.errors).map(webhookError)
  const reason = reasonOf(errors, manner)
  const other = otherWay(errors, manner)
  if (other) return [{ ...event, ...other, status: 'returned', reason, ...codeOf(errors) }]
  const isUnwanted = errors.some(({ code }) => code === OPTED_OUT)
  return [
    { ...event, reason, ...codeOf(errors) },
    ...failureNote({ ref, contact, reason }, manner),
    ...(isUnwanted ? optOut(customer, true) : [])
  ]
}

/** In which a part that Meta gave back goes once more: by the template, as a document, or as it was. */
export const WAYS = { template: 'template', document: 'document', again: 'again' } as const

const PAIR_RATE = 131056
const REFUSED_AS_SUCH = 131053
const AGAIN_MS = 2_000
/** WhatsApp allows one message in 6 seconds to a customer in the long run. */
const PAIR_RATE_MS = 6_000

/** Failed is final at Meta, so what is sent once more is no second message. As in `refused` of send.ts and in refusal.ts. */
function otherWay(
  errors: readonly GraphError[],
  { hasFallback }: StatusManner
): Pick<StatusEvent, 'way' | 'afterMs'> | undefined {
  const codes = errors.map(({ code }) => code)
  if (hasFallback && errors.some(error => classOf(error) === 'needs_template')) return { way: WAYS.template }
  if (codes.includes(REFUSED_AS_SUCH)) return { way: WAYS.document }
  const isTransient =
    errors.length > 0 && errors.every(error => error.code === PAIR_RATE || classOf(error) === 'retry_backoff')
  if (!isTransient) return undefined
  return { way: WAYS.again, afterMs: codes.includes(PAIR_RATE) ? PAIR_RATE_MS : AGAIN_MS }
}

/** The amount is in Meta's price list, by the country of the customer. `billable` will be dropped, and says the same as `type`. */
function costOf({ pricing }: Json): { cost?: Cost } {
  const { category, type, pricing_model, billable } = record(pricing)
  const words = {
    category: text(category),
    type: text(type) || (billable === false ? 'free' : ''),
    model: text(pricing_model)
  }
  const told = Object.entries(words).filter(([, word]) => word !== '')
  return told.length > 0 ? { cost: { unit: 'message', ...Object.fromEntries(told) } } : {}
}

const codeOf = ([first]: readonly GraphError[]) => (first && first.code >= 0 ? { code: String(first.code) } : {})

/** The tag by which `send` marks a message, `<id>:<part>`. */
export const tagOf = (id: string, part: number) => `${id}:${part}`

function partOf(tag: string) {
  const [, id, part] = /^([^\s:]{1,128}):(\d{1,4})$/.exec(tag) ?? []
  return id === undefined ? undefined : { id, part: Number(part) }
}

function reasonOf(errors: readonly GraphError[], { translate }: Pick<Manner, 'translate'>): string {
  const reasons = errors.map(error => explain(error, translate))
  return reasons.join('; ') || translate('reasons', 'WhatsApp did not say why')
}
