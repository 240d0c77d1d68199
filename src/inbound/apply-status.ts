import { isDeepStrictEqual } from 'node:util'
import type { Status } from 'channel-kit/chat'
import type { StatusEvent } from 'channel-kit/event'
import { isWhole, type KnownPart } from '../messages/parts.ts'
import { type StoryEntry, statusEntry } from '../messages/story.ts'
import type { MatchedMessage } from './match-messages.ts'
import { isProgress, wholeStatus } from './status-order.ts'

/**
 * Applies a status event to its message, in memory. `changed`: the message has to be saved. `status`: the message's own
 * status advanced to it, so the CRM is to be told.
 */
export function applyStatus(
  message: MatchedMessage,
  given: StatusEvent,
  now: Date
): { changed: boolean; status: Status | null } {
  const event = heardOf(given)
  if (!message.inParts && message.state === 'accepted' && message.ref === event.ref) {
    if (!isProgress(message.status, event.status)) return { changed: note(message, event, now), status: null }
    addEntry(message, event, now)
    return { changed: true, status: advance(message, event.status, event.reason) }
  }

  const { part, added } = partOf(message, event)
  const moved = isProgress(part.status, event.status)
  if (moved) {
    part.status = event.status
    addEntry(message, event, now, part)
  }
  const noted = !moved && note(message, event, now, part)
  if (added && message.state !== 'accepted') settleDoubt(message, event)
  return { changed: added || moved || noted, status: ownStatus(message, event.reason) }
}

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

function addEntry(message: MatchedMessage, { status, reason }: Heard, now: Date, part?: KnownPart): void {
  message.chapters.push(
    statusEntry(status, now, {
      ...(reason === undefined ? {} : { reason }),
      ...(several(message, part) ? { part: part.part } : {})
    })
  )
}

/** The part with this ref: a new one where the event names the message by our id. */
function partOf(message: MatchedMessage, event: StatusEvent): { part: KnownPart; added: boolean } {
  if (!message.inParts && message.ref !== null)
    message.parts.push({ part: 0, ref: message.ref, status: message.status })
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
