import { randomBytes } from 'node:crypto'
import { type Json, list, record, text } from 'channel-kit/json'
import { refusalBody } from './faults.ts'
import type { Message, State } from './state.ts'
import { type Change, seconds, type WebhookSender } from './webhooks.ts'

const DAY_MS = 86_400_000

export type Sent = { kind: 'sent'; message: Message; answer: Json } | { kind: 'refused'; status: number; body: Json }

/** `POST /messages`: what Meta checks at once is checked, and the rest is told by statuses. */
export function accept(state: State, body: Json): Sent {
  const problem = problemOf(state, body)
  if (problem) return { kind: 'refused', status: problem.status, body: refusalBody(problem.code, problem.details) }
  const given = text(body.to) || text(body.recipient)
  const digits = text(body.to).replace(/\D/g, '')
  const contact = digits ? (state.aliases.get(digits) ?? digits) : given
  const wamid = `wamid.${randomBytes(24).toString('base64')}`
  const message: Message = { wamid, contact, body, at: state.now() }
  state.messages.push(message)
  return {
    kind: 'sent',
    message,
    answer: {
      messaging_product: 'whatsapp',
      contacts: [{ input: given, ...(digits ? { wa_id: contact } : { user_id: contact }) }],
      messages: [{ id: wamid }]
    }
  }
}

interface Problem {
  status: number
  code: number
  details: string
}

function problemOf(state: State, body: Json): Problem | undefined {
  const type = text(body.type)
  if (body.messaging_product !== 'whatsapp') return { status: 400, code: 100, details: 'messaging_product is required' }
  if (!text(body.to) && !text(body.recipient)) return { status: 400, code: 131008, details: 'to is required' }
  if (type === 'text') return lengthProblem(text(record(body.text).body), 4096)
  if (type === 'template') return templateProblem(state, record(body.template))
  const media = record(body[type])
  if (text(media.id) && !state.media.has(text(media.id)))
    return { status: 400, code: 131009, details: `There is no media ${text(media.id)}` }
  return lengthProblem(text(media.caption) || 'x', 1024) ?? windowProblem(state, body)
}

const lengthProblem = (value: string, most: number): Problem | undefined => {
  if (!value) return { status: 400, code: 131008, details: 'The text is required' }
  return value.length > most ? { status: 400, code: 131009, details: `At most ${most} characters` } : undefined
}

function templateProblem({ templates }: State, template: Json): Problem | undefined {
  const language = text(record(template.language).code)
  const known = templates.find(one => one.name === template.name && one.language === language)
  if (known?.status === 'PAUSED') return { status: 400, code: 132015, details: 'Template is paused' }
  if (known?.status !== 'APPROVED') return { status: 404, code: 132001, details: 'There is no such template' }
  const component = (holder: unknown, type: string) =>
    list(holder)
      .map(record)
      .find(one => text(one.type).toLowerCase() === type)
  const variables = new Set(text(component(known.components, 'body')?.text).match(/\{\{\w+\}\}/g) ?? [])
  const given = list(component(template.components, 'body')?.parameters).map(record)
  if (given.length !== variables.size) return { status: 400, code: 132000, details: 'Number of parameters' }
  return given.some(({ text: value }) => /[\n\t]| {5}/.test(text(value)) || !text(value))
    ? { status: 400, code: 132018, details: 'Parameters have no line ends' }
    : undefined
}

export function windowProblem(state: State, { to, recipient, type }: Json): Problem | undefined {
  if (state.window !== 'sync' || type === 'template' || isOpen(state, text(to).replace(/\D/g, '') || text(recipient)))
    return undefined
  return { status: 400, code: 131047, details: 'More than 24 hours have passed' }
}

export function isOpen({ lastIncoming, now, aliases }: State, contact: string): boolean {
  const last = lastIncoming.get(aliases.get(contact) ?? contact)
  return last !== undefined && now().getTime() - last.getTime() < DAY_MS
}

/** Reports a status of an accepted message. */
export async function report(
  state: State,
  { wamid, contact, body }: Message,
  status: string,
  webhooks: WebhookSender,
  more: Json = {}
) {
  await webhooks.emit(statusChange(state, { id: wamid, status, ...recipientIds(contact), ...tagOf(body), ...more }))
}

const tagOf = ({ biz_opaque_callback_data: tag }: Json) => (tag === undefined ? {} : { biz_opaque_callback_data: tag })

const recipientIds = (contact: string) =>
  /^\d+$/.test(contact) ? { recipient_id: contact } : { recipient_user_id: contact }

const statusChange = (state: State, status: Json): Change => ({
  field: 'messages',
  value: { ...envelopeOf(state), statuses: [{ timestamp: String(seconds(state.now())), ...status }] }
})

export const envelopeOf = ({ account }: State) => ({
  messaging_product: 'whatsapp',
  metadata: { display_phone_number: account.displayNumber, phone_number_id: account.phoneNumberId }
})
