import type { Status } from 'channel-kit/chat'
import type { Cost } from 'channel-kit/event'
import type { Outcome } from 'channel-kit/outcome'

/**
 * Story of a message: its entries in order, kept in its row. Times are ISO 8601.
 * The CRM's answers are with the outbox items.
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
  /** A status that advanced the message. `part`: of a message in several parts. `cost`: where it was not known before. */
  | { kind: 'status'; at: string; status: Status; reason?: string; code?: string; cost?: Cost; part?: number }
  /** The gateway returned the message, or a part of it, undelivered, and it is sent once more, by the way that the channel named. */
  | { kind: 'returned'; at: string; ref: string; reason?: string; way?: string }
  /** A status that did not advance the message, but has a reason. */
  | { kind: 'noted'; at: string; status: Status; reason: string; part?: number }
  /** A status proved, while the message was in doubt, that the gateway has it. */
  | { kind: 'confirmed'; at: string; ref: string }
  /** No status settled the doubt for as long as the host waited. */
  | { kind: 'unconfirmed'; at: string; reason: string }
  /** The message waits in a lot. */
  | { kind: 'gathered'; at: string; lot: number }
  | { kind: 'replayed'; at: string }
  /** The message was ended while it waited, without a call of its gateway. */
  | { kind: 'ended'; at: string; reason: string }

type StatusEntry = Extract<StoryEntry, { kind: 'status' }>

export const statusEntry = (
  status: Status,
  now: Date,
  more: Pick<StatusEntry, 'reason' | 'code' | 'cost' | 'part'> = {}
): StatusEntry => ({ kind: 'status', at: now.toISOString(), status, ...more })
