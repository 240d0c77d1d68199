import { isDeepStrictEqual } from 'node:util'
import type { Status } from 'channel-kit/chat'
import type { StatusEvent } from 'channel-kit/event'
import { isWhole, type KnownPart } from '../messages/parts.ts'
import { type StoryEntry, statusEntry } from '../messages/story.ts'
import type { MatchedMessage } from './match-messages.ts'
import { isProgress, wholeStatus } from './status-order.ts'

/**
 * Notes on a message what a status says of it. `changed`: there is something to
 * write down. `status`: the message's own advanced to it, so the CRM hears of it.
 */
export function applyStatus(
  message: MatchedMessage,
  given: StatusEvent,
  now: Date
): { changed: boolean; status: Status | null } {
  const event = heardOf(given)
  if (!message.inParts && message.state === 'accepted' && message.ref === event.ref) {
    if (!isProgress(message.status, event.status)) return { changed: note(message, event, now), status: null }
    tell(message, event, now)
    return { changed: true, status: advance(message, event.status, event.reason) }
  }

  const { part, added } = partOf(message, event)
  const moved = isProgress(part.status, event.status)
  if (moved) {
    part.status = event.status
    tell(message, event, now, part)
  }
  const noted = !moved && note(message, event, now, part)
  if (added && message.state !== 'accepted') settleDoubt(message, event)
  return { changed: added || moved || noted, status: ownStatus(message, event.reason) }
}

type Heard = StatusEvent & { status: Status }

/** What a gateway gave back, and is not sent once more, ends in error. */
const heardOf = (event: StatusEvent): Heard => ({
  ...event,
  status: event.status === 'returned' ? 'error' : event.status
})

/** How far the message as a whole is now, if that is news. Only one that was accepted is known to have no more parts. */
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

/** What does not get a message further may say why, such as that it was charged. */
function note(message: MatchedMessage, { status, reason }: Heard, now: Date, part?: KnownPart): boolean {
  if (reason === undefined) return false
  const noted: StoryEntry = { kind: 'noted', at: now.toISOString(), status, reason }
  const chapter = several(message, part) ? { ...noted, part: part.part } : noted
  if (!message.chapters.some(other => isDeepStrictEqual(other, chapter))) message.chapters.push(chapter)
  return true
}

function tell(message: MatchedMessage, { status, reason }: Heard, now: Date, part?: KnownPart): void {
  message.chapters.push(
    statusEntry(status, now, {
      ...(reason === undefined ? {} : { reason }),
      ...(several(message, part) ? { part: part.part } : {})
    })
  )
}

/** The part that has this id at the gateway, which is a new one where the event names its message. */
function partOf(message: MatchedMessage, event: StatusEvent): { part: KnownPart; added: boolean } {
  if (!message.inParts && message.ref !== null)
    message.parts.push({ part: 0, ref: message.ref, status: message.status })
  const known = message.parts.find(({ ref }) => ref === event.ref)
  const part = known ?? { part: event.message?.part ?? 0, ref: event.ref, status: null }
  if (!known) message.parts.push(part)
  message.inParts = true
  return { part, added: !known }
}

/** The gateway has it after all, or something of it: then a host does not give it up without asking the channel. */
function settleDoubt(message: MatchedMessage, event: StatusEvent): void {
  if (event.message?.part === undefined || isWhole(message.parts, message.partCount)) message.decided = 'heard'
  else if (message.state === 'sending' || message.doubt === 'host') message.decided = 'channel'
}
