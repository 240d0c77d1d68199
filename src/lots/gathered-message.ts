import type { LotLimits, PreparedItem } from 'channel-kit/lots'
import type { ClaimedMessage } from '../delivery/attempt.ts'

/** A message that a host has in hand, made ready for a lot. */
export interface Gathered {
  claimed: ClaimedMessage
  prepared: PreparedItem
  limits: LotLimits
}
