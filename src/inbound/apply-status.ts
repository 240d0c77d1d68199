import { isDeepStrictEqual } from 'node:util'
import type { Status } from 'channel-kit/chat'
import type { Cost, StatusEvent } from 'channel-kit/event'
import type { StatusNews } from '../events/event.ts'
import { isWhole, type KnownPart } from '../messages/parts.ts'
import { type StoryEntry, statusEntry } from '../messages/story.ts'
import type { Charge } from '../metrics/meter.ts'
import type { MatchedMessage } from './match-messages.ts'
import { isProgress, wholeStatus } from './status-order.ts'

interface Applied {
  /** The message has to be saved. */
  changed: boolean
  /** The message's own status advanced to it, so the CRM is to be told. */
  status: Status | null
  /** News for the feed: how far the message, or a part of several, got, and each price once. */
  told: StatusNews[]
  /** A price that is new, and the one that was known. */
  charge?: Pick<Charge, 'cost' | 'before'> | undefined
}

/** Applies a status event to its message, in memory. */
export function applyStatus(message: MatchedMessage, given: StatusEvent, now: Date): Applied {
  const event = heardOf(given)
  if (!message.inParts && message.state === 'accepted' && message.ref === event.ref) {
    const moved = isProgress(message.status, event.status)
    const before = message.cost
    const learned = learn(message, event, moved)
    if (moved) {
      addEntry(message, event, learned, now)
      const status = advance(message, event.status, event.reason)
      return {
        changed: true,
        status,
        told: [{ status, ...learned, ...reasonOf(event) }],
        charge: chargeOf(learned, before)
      }
    }
    const noted = note(message, event, now)
    return {
      changed: noted || learned.cost !== undefined,
      status: null,
      told: pricedOf(message.status, learned),
      charge: chargeOf(learned, before)
    }
  }

  const { part, added } = partOf(message, event)
  const moved = isProgress(part.status, event.status)
  const before = part.cost ?? null
  const learned = learn(part, event, moved)
  if (moved) {
    part.status = event.status
    addEntry(message, event, learned, now, part)
  }
  const noted = !moved && note(message, event, now, part)
  if (added && message.state !== 'accepted') settleDoubt(message, event)
  const status = ownStatus(message, event.reason)
  const changed = added || moved || noted || learned.cost !== undefined
  return {
    changed,
    status,
    told: toldOf(message, { event, part, moved, learned, status }),
    charge: chargeOf(learned, before)
  }
}

const chargeOf = ({ cost }: Learned, before: Cost | null) => cost && { cost, before }

type Heard = StatusEvent & { status: Status }

/** A returned message that is not sent once more ends in error. */
const heardOf = (event: StatusEvent): Heard => ({
  ...event,
  status: event.status === 'returned' ? 'error' : event.status
})

/** Status of the message as a whole, if it advanced. Only an accepted message is known to have no more parts. */
export function ownStatus(message: MatchedMessage, reason?: string): Status | null {
  const whole = wholeStatus(message.parts)
  const counts = whole !== null && (whole === 'error' || message.state === 'accepted')
  return counts && isProgress(message.status, whole) ? advance(message, whole, reason) : null
}

/** News for the feed of a message in parts that is as far as its parts: with the price, where it is of one part only. */
export function ownNews(message: MatchedMessage, status: Status, reason = errorOf(message, status)): StatusNews {
  const [only] = message.parts.length === 1 ? message.parts : []
  return {
    status,
    ...(reason === undefined ? {} : { reason }),
    ...(only?.code ? { code: only.code } : {}),
    ...(only?.cost ? { cost: only.cost } : {})
  }
}

const errorOf = ({ reason }: MatchedMessage, status: Status) =>
  status === 'error' && reason !== null ? reason : undefined

interface Heeded {
  event: Heard
  part: KnownPart
  moved: boolean
  learned: Learned
  status: Status | null
}

/** Parts are told of by themselves where there are several; a message that is still being sent is told of when that has ended. */
function toldOf(message: MatchedMessage, { event, part, moved, learned, status }: Heeded): StatusNews[] {
  if (!several(message, part)) {
    if (status) return [ownNews(message, status, event.reason ?? errorOf(message, status))]
    return moved ? [] : pricedOf(message.status, learned)
  }
  const ofPart = moved
    ? [{ status: event.status, part: part.part, ...learned, ...reasonOf(event) }]
    : pricedOf(part.status, learned).map(news => ({ ...news, part: part.part }))
  return status ? [...ofPart, { status, ...reasonOf(event) }] : ofPart
}

interface Learned {
  code?: string
  cost?: Cost
}

/** Notes the code and the price of a status. A status that comes too late to advance anything may still bring the first price. */
function learn(
  known: { code?: string | null; cost?: Cost | null },
  { code, cost }: StatusEvent,
  moved: boolean
): Learned {
  if (moved && code !== undefined) known.code = code
  const isNew = cost !== undefined && (moved ? !isDeepStrictEqual(known.cost, cost) : !known.cost)
  if (isNew) known.cost = cost
  return { ...(code === undefined ? {} : { code }), ...(isNew ? { cost } : {}) }
}

/** A price that came by itself, with the status that there is. */
const pricedOf = (status: Status | null, { cost }: Learned): StatusNews[] =>
  cost !== undefined && status !== null ? [{ status, cost }] : []

const reasonOf = ({ reason }: Heard) => (reason === undefined ? {} : { reason })

function advance(message: MatchedMessage, status: Status, reason: string | undefined): Status {
  message.status = status
  message.reason = reason ?? message.reason
  return status
}

const several = (message: MatchedMessage, part?: KnownPart): part is KnownPart =>
  part !== undefined && message.parts.some(other => other.part > 0)

/** A status that does not advance the message becomes a story entry if it has a reason, such as that the message was charged. */
function note(message: MatchedMessage, { status, reason }: Heard, now: Date, part?: KnownPart): boolean {
  if (reason === undefined) return false
  const ofMessage: StoryEntry = { kind: 'noted', at: now.toISOString(), status, reason }
  const entry = several(message, part) ? { ...ofMessage, part: part.part } : ofMessage
  if (!message.chapters.some(other => isDeepStrictEqual(other, entry))) message.chapters.push(entry)
  return true
}

function addEntry(
  message: MatchedMessage,
  { status, reason }: Heard,
  learned: Learned,
  now: Date,
  part?: KnownPart
): void {
  message.chapters.push(
    statusEntry(status, now, {
      ...(reason === undefined ? {} : { reason }),
      ...learned,
      ...(several(message, part) ? { part: part.part } : {})
    })
  )
}

/** The part with this ref: a new one where the event names the message by our id. */
function partOf(message: MatchedMessage, event: StatusEvent): { part: KnownPart; added: boolean } {
  if (!message.inParts && message.ref !== null)
    message.parts.push({ part: 0, ref: message.ref, status: message.status, code: message.code, cost: message.cost })
  const existing = message.parts.find(({ ref }) => ref === event.ref)
  const part = existing ?? { part: event.message?.part ?? 0, ref: event.ref, status: null }
  if (!existing) message.parts.push(part)
  message.inParts = true
  return { part, added: !existing }
}

/** Settles the doubt about a message that the gateway has after all. Has it a part only, the channel is asked before it is given up. */
function settleDoubt(message: MatchedMessage, event: StatusEvent): void {
  if (event.message?.part === undefined || isWhole(message.parts, message.partCount)) message.decided = 'heard'
  else if (message.state === 'sending' || message.doubt === 'host') message.decided = 'channel'
}
