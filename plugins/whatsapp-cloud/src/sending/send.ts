import type { GatewayEvent, StatusEvent } from 'channel-kit/event'
import { type Json, list, record, text } from 'channel-kit/json'
import type { Outcome, Outgoing } from 'channel-kit/outcome'
import { callerOf } from '../graph/access.ts'
import { type Answer, call } from '../graph/call.ts'
import { classOf, isAboutStoredFile, isAboutTemplate } from '../graph/errors.ts'
import { restOf } from '../graph/usage.ts'
import { isBsuid, renamed, sameCustomer } from '../incoming/customer.ts'
import { failureNote } from '../incoming/failure-note.ts'
import { tagOf, WAYS } from '../incoming/status.ts'
import { legible } from '../markup/content.ts'
import type { WhatsAppTools } from '../settings.ts'
import { fallbackOf } from './fallback.ts'
import { filesOf } from './files.ts'
import { filePart, planOf } from './plan.ts'
import { recipientOf } from './recipient.ts'
import { refusal } from './refusal.ts'
import {
  isLate,
  later,
  type Plan,
  progressOf,
  type Run,
  rejected,
  remainingMs,
  type StoredFile,
  unreached
} from './run.ts'

/** True if Meta returned the message, or this part, by a status, so that it is to go this way. */
const cameBack = ({ returned = [] }: Outgoing, way: string, part?: number) =>
  returned.some(one => one.way === way && (part === undefined || one.part === part))

/** How long a status may take that tells us what became of a message. */
export const CONFIRM_MS = 180_000

export async function send(message: Outgoing, tools: WhatsAppTools): Promise<Outcome> {
  const outcome = await begin(message, tools)
  if (outcome.kind !== 'rejected') return outcome
  const { settings, translate } = tools
  const failure = { ref: message.id, contact: message.contact, reason: outcome.reason }
  const events = [...(outcome.events ?? []), ...failureNote(failure, { incoming: settings.incoming, translate })]
  return events.length > 0 ? { ...outcome, events } : outcome
}

async function begin(given: Outgoing, tools: WhatsAppTools): Promise<Outcome> {
  const { translate } = tools
  const message = { ...given, content: legible(given.content) }
  const recipient = recipientOf(message)
  const caller = callerOf(tools)
  if (!recipient || !caller)
    return rejected(message, translate('reasons', '{contact} is no phone number', { contact: message.contact }))
  const started = tools.now().getTime()
  const { doubt, ...left } = progressOf(message.progress)
  const progress = cameBack(message, WAYS.template) ? { ...left, closed: true } : left
  const run: Run = { message, tools, caller, recipient, progress, sent: message.sent, started }
  if (doubt !== undefined && !run.sent.some(({ part }) => part === doubt))
    return {
      kind: 'unknown',
      reason: translate('reasons', 'WhatsApp did not say whether it has the message'),
      sent: run.sent,
      progress
    }
  return attempt(run, false)
}

async function attempt(run: Run, fresh: boolean): Promise<Outcome> {
  const plan = await planOf(run, fresh)
  return plan.kind === 'ended' ? plan.outcome : sendParts(plan.value)
}

async function sendParts(plan: Plan): Promise<Outcome> {
  let { run } = plan
  const contacts: Json[] = []
  let restMs = 0
  for (const [index, body] of plan.parts.entries()) {
    const part = plan.from + index
    if (run.sent.some(known => known.part === part)) continue
    if (isLate(run)) return later(run)
    const answer = await post(run, part, body)
    const ref = answer.kind === 'done' ? text(record(list(answer.body.messages)[0]).id) : ''
    if (answer.kind === 'error') return refused(answer, { ...plan, run })
    if (answer.kind !== 'done' || !ref) return unheard(answer, { ...plan, run }, part)
    contacts.push(record(list(answer.body.contacts)[0]))
    restMs = restOf(answer.headers)
    run = { ...run, sent: [...run.sent, { part, ref }], progress: { ...run.progress, tries: 0 } }
  }
  return { ...accepted({ ...plan, run }, contacts[0] ?? {}), ...(restMs > 0 ? { restMs } : {}) }
}

const REFUSED_AS_SUCH = 131053

async function post(run: Run, part: number, body: Json): Promise<Answer> {
  const document = asDocument(body, filesOf(run))
  if (document && cameBack(run.message, WAYS.document, part)) return postOnce(run, part, document)
  const answer = await postOnce(run, part, body)
  return answer.kind === 'error' && answer.error.code === REFUSED_AS_SUCH && document
    ? postOnce(run, part, document)
    : answer
}

function postOnce({ caller, tools, message, recipient, ...run }: Run, part: number, body: Json): Promise<Answer> {
  return call(caller, {
    method: 'POST',
    path: `${tools.settings.account.phoneNumberId}/messages`,
    json: {
      messaging_product: 'whatsapp',
      recipient_type: 'individual',
      ...recipient,
      ...body,
      biz_opaque_callback_data: tagOf(message.id, part)
    },
    timeoutMs: Math.min(15_000, remainingMs({ caller, tools, message, recipient, ...run }))
  })
}

/** A file that WhatsApp cannot show as a picture, a film or a sound may still be opened as a document. */
function asDocument({ type, context, ...body }: Json, files: readonly StoredFile[]): Json | undefined {
  if (type !== 'image' && type !== 'video' && type !== 'audio') return undefined
  const { id, caption } = record(body[type])
  const file = files.find(stored => stored.id === id)
  return file && { ...filePart({ ...file, kind: 'document' }, text(caption)), ...(context ? { context } : {}) }
}

/** The outcome of an error: the message surely did not leave. Some refusals have an answer of our own. */
async function refused(answer: Extract<Answer, { kind: 'error' }>, { run, noted, told }: Plan): Promise<Outcome> {
  const first = run.sent.length === 0
  if (first && noted && isAboutTemplate(answer.error)) return attempt(run, true)
  if (isAboutStoredFile(answer.error) && !run.stored && filesOf(run).length > 0)
    return attempt({ ...run, stored: true, progress: { ...run.progress, files: {} } }, false)
  if (first && !told && classOf(answer.error) === 'needs_template' && fallbackOf(run) && !run.progress.closed)
    return attempt({ ...run, progress: { ...run.progress, closed: true } }, false)
  return refusal(answer, run)
}

/** The outcome when no answer came: the message may have left. */
function unheard(answer: Answer, { run, parts, from }: Plan, part: number): Outcome {
  const reason =
    'reason' in answer ? answer.reason : run.tools.translate('reasons', 'WhatsApp took it without giving it an id')
  if (answer.kind === 'unsent') return unreached(run, reason)
  return {
    kind: 'unknown',
    reason,
    awaitMs: CONFIRM_MS,
    parts: parts.length + run.sent.filter(known => known.part < from).length,
    sent: run.sent,
    progress: { ...run.progress, doubt: part }
  }
}

type Accepted = Extract<Outcome, { kind: 'accepted' }>

/** All parts are at Meta, which says by what name it knows the customer. */
function accepted({ run, notes, told }: Plan, contact: Json): Accepted {
  const sent = run.sent.toSorted((left, right) => left.part - right.part)
  // The text of a template stands at the template.
  const ref = (told ? sent.at(-1) : sent[0])?.ref ?? ''
  const events: GatewayEvent[] = [...namesOf(run.message, contact), ...notes, ...(told ? [tellingOf(ref, told)] : [])]
  return {
    kind: 'accepted',
    ref,
    ...(sent.length > 1 || sent[0]?.part !== 0 ? { sent } : {}),
    ...(events.length > 0 ? { later: [{ afterMs: 0, events }] } : {})
  }
}

/** Only a status has a place in the message's story for what the channel has to say. */
const tellingOf = (ref: string, reason: string): StatusEvent => ({ kind: 'status', ref, status: 'sent', reason })

/** Numbers of Brazil, Mexico and Argentina have two ways to be written, and answers come by Meta's. */
function namesOf({ contact, address }: { contact: string; address: string }, { wa_id, user_id }: Json): GatewayEvent[] {
  const phone = text(wa_id).replace(/\D/g, '')
  if (!phone || isBsuid(address)) return []
  return [
    ...(phone === address.replace(/^\+/, '') ? [] : renamed(contact, phone)),
    ...(text(user_id) ? sameCustomer({ phone, bsuid: text(user_id) }) : [])
  ]
}
