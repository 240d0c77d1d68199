import type { ChatMessage } from 'channel-kit/chat'
import type { RenamedEvent } from 'channel-kit/event'
import type { Conversation, Outcome, Outgoing, Part } from 'channel-kit/outcome'
import { retryAfterMs } from 'channel-kit/retry-after'
import { Type } from 'typebox'
import { Value } from 'typebox/value'
import { type Composed, compose } from './compose.ts'
import { writeDocument } from './document.ts'
import { type Answered, inDoubt, isToken, outcomeOf, outcomeOfError } from './gateway.ts'
import { slovakMobile } from './phone.ts'
import { type Route, routeOf } from './route.ts'
import type { MobiletechTools } from './settings.ts'
import { refOf } from './status.ts'

/** The gateway is given this long for an answer. */
const ANSWER_MS = 5_000
/** Then the parts that are left go with the next attempt, which has the full time of a send again. */
const PARTS_MS = 15_000
/** The admin has to save something first. */
const SET_UP_MS = 60_000

/** The texts of a message of which parts got through, so that the others are still its others. */
const Progress = Type.Object({ texts: Type.Array(Type.String()) })

/** Why a message can never be sent. */
export async function refusal(message: ChatMessage, tools: MobiletechTools): Promise<string | undefined> {
  if (!slovakMobile(message.contact)) return foreign(message.contact)
  const composed = await compose(message, tools)
  return composed.kind === 'impossible' ? composed.reason : undefined
}

const foreign = (contact: string) => `${contact} is not a Slovak mobile number, the only ones that are sent to`

export async function send(message: Outgoing, tools: MobiletechTools): Promise<Outcome> {
  const to = slovakMobile(message.address)
  if (!to) return rejected(foreign(message.address))
  const composed = await textsOf(message, tools)
  if (composed.kind === 'impossible') return rejected(composed.reason)
  const routed = routeOf(to, conversationOf(message), tools)
  if (routed.kind === 'none') return rejected(routed.reason)

  if (tools.settings.gateway.mode[0] !== 'live') return pretended(message, composed.texts, tools)
  const missing = missingOf(routed.route, tools)
  if (missing.length > 0)
    return { kind: 'retry', reason: `The settings lack ${missing.join(', ')}`, afterMs: SET_UP_MS }
  // The error of `fetch` about a header that it cannot send has the token in it.
  if (!isToken(tools.settings.gateway.bearer))
    return { kind: 'retry', reason: 'The bearer token of the settings cannot be sent', afterMs: SET_UP_MS }
  return sendTexts(message, composed.texts, routed.route, tools)
}

/** A reply to what it answers, and to the last message where nobody says what that is. */
const conversationOf = ({ answers, conversation }: Outgoing): Conversation =>
  answers ? { ...conversation, lastIncoming: answers } : conversation

const rejected = (reason: string): Outcome => ({ kind: 'rejected', reason })

const textsOf = async (message: Outgoing, tools: MobiletechTools): Promise<Composed> =>
  Value.Check(Progress, message.progress) ? { kind: 'texts', texts: message.progress.texts } : compose(message, tools)

function missingOf({ servId, shortNumber }: Route, { settings: { gateway } }: MobiletechTools): string[] {
  const needed = { url: gateway.url, servId, shortNumber, billkey: gateway.billkey }
  return Object.entries(needed).flatMap(([name, value]) => (value?.trim() ? [] : [name]))
}

async function sendTexts(
  message: Outgoing,
  texts: readonly string[],
  route: Route,
  tools: MobiletechTools
): Promise<Outcome> {
  const { sent: before } = message
  const began = tools.now().getTime()
  const fresh: Part[] = []
  for (const [part, text] of texts.entries()) {
    if (before.some(known => known.part === part)) continue
    if (fresh.length > 0 && tools.now().getTime() - began > PARTS_MS)
      return { kind: 'retry', reason: 'The other parts follow', afterMs: 0, ...carried(fresh, texts) }
    const answered = await post(text, route, tools, fresh.length > 0)
    if (answered.kind === 'taken') fresh.push({ part, ref: refOf(answered.id, route.operator) })
    else return fresh.length > 0 ? { ...answered, ...carried(fresh, texts) } : answered
  }
  const parts = [...before, ...fresh].toSorted((one, other) => one.part - other.part)
  return accepted(parts, namesOf(message, route.to))
}

const carried = (sent: readonly Part[], texts: readonly string[]) => ({ sent, progress: { texts } })

/** The customer answers by the number, however the CRM writes it. */
const namesOf = ({ contact, address }: Outgoing, to: string): RenamedEvent[] =>
  address === to || `+${address}` === to ? [] : [{ kind: 'renamed', from: contact, to }]

/** The gateway tells of deliveries, and not that it has a message: that is its answer. */
const accepted = (parts: readonly Part[], names: readonly RenamedEvent[]): Outcome => ({
  kind: 'accepted',
  ref: parts[0]?.ref ?? '',
  ...(parts.length > 1 ? { sent: parts } : {}),
  later: [
    { afterMs: 0, events: [...parts.map(({ ref }) => ({ kind: 'status', ref, status: 'sent' }) as const), ...names] }
  ]
})

/** An error that is not the network's is the host's to judge, unless it would lose what got through. */
async function post(text: string, route: Route, tools: MobiletechTools, someGotThrough: boolean): Promise<Answered> {
  const { fetch, settings } = tools
  const { url = '', billkey = '' } = settings.gateway
  const bearer = settings.gateway.bearer?.trim()
  try {
    const response = await fetch(url.trim(), {
      method: 'POST',
      redirect: 'manual',
      signal: AbortSignal.timeout(ANSWER_MS),
      headers: {
        'content-type': 'text/xml; charset=UTF8',
        ...(bearer ? { authorization: `Bearer ${bearer}` } : {})
      },
      body: requestOf(text, route, billkey.trim())
    })
    const body = new Uint8Array(await response.arrayBuffer())
    const afterMs = retryAfterMs(response.headers.get('retry-after'), tools.now())
    return outcomeOf({ status: response.status, body, afterMs, secret: bearer })
  } catch (error) {
    const outcome = outcomeOfError(error)
    if (outcome) return outcome
    if (someGotThrough) return inDoubt
    throw error
  }
}

const requestOf = (text: string, route: Route, billkey: string): string =>
  writeDocument('send', {
    serv_id: route.servId,
    project_id: route.projectId,
    rcv_msg_id: route.rcvMsgId,
    from: route.shortNumber,
    to: route.to,
    billkey,
    content: text,
    content_coding: 'text',
    esm: '0',
    dcs: '0',
    expiration: String(route.expiration),
    operator_type: route.operator
  })

/** Nothing leaves: the message is as good as delivered, and says so in the log. */
function pretended({ id }: Outgoing, texts: readonly string[], { log }: MobiletechTools): Outcome {
  log.warn({ message: id, parts: texts.length }, 'TRIAL MODE: nothing was sent, the message only counts as delivered')
  const parts = texts.map((_, part) => ({ part, ref: `mock-${id}-${part}` }))
  const events = (['sent', 'delivered'] as const).flatMap(status =>
    parts.map(({ ref }) => ({ kind: 'status' as const, ref, status }))
  )
  return {
    kind: 'accepted',
    ref: `mock-${id}-0`,
    ...(parts.length > 1 ? { sent: parts } : {}),
    later: [{ afterMs: 0, events }]
  }
}
