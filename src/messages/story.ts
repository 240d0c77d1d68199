import type { Status } from 'channel-kit/chat'
import type { Outcome } from 'channel-kit/outcome'

/**
 * What happened to a message, in order; kept in its row. Times are ISO 8601.
 * What the CRM answered stands with the items it was told.
 */
export type StoryEntry =
  | {
      kind: 'attempt'
      at: string
      number: number
      outcome: Outcome['kind']
      reason?: string
      ref?: string
      durationMs: number
    }
  /** `part`: of a message that the gateway has in several. */
  | { kind: 'status'; at: string; status: Status; reason?: string; part?: number }
  /** The gateway gave it, or a part of it, back undelivered, and it is sent once more, by the way that the channel said. */
  | { kind: 'returned'; at: string; ref: string; reason?: string; way?: string }
  /** A status that did not get it further, and says more than that it did not. */
  | { kind: 'noted'; at: string; status: Status; reason: string; part?: number }
  /** It was not known whether the message had left, and a status said that the gateway has it. */
  | { kind: 'confirmed'; at: string; ref: string }
  /** None did, for as long as the host waited. */
  | { kind: 'unconfirmed'; at: string; reason: string }
  /** It waits in a lot. */
  | { kind: 'gathered'; at: string; lot: number }
  | { kind: 'replayed'; at: string }

type StatusEntry = Extract<StoryEntry, { kind: 'status' }>

export const statusEntry = (
  status: Status,
  now: Date,
  more: Pick<StatusEntry, 'reason' | 'part'> = {}
): StatusEntry => ({ kind: 'status', at: now.toISOString(), status, ...more })
