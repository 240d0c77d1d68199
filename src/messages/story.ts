import type { Status } from 'channel-kit/chat'
import type { Outcome } from 'channel-kit/outcome'

/**
 * What happened to a message, in order; kept in its row. Times are ISO 8601.
 * What the CRM answered stands with the items it was told.
 */
export type Chapter =
  | {
      kind: 'attempt'
      at: string
      number: number
      outcome: Outcome['kind']
      reason?: string
      ref?: string
      durationMs: number
    }
  | { kind: 'status'; at: string; status: Status; reason?: string }
  | { kind: 'replayed'; at: string }
