import type { LotLimits, PreparedItem } from 'channel-kit/lots'
import type { Taken } from '../delivery/attempt.ts'

/** A message that a host has in hand, made ready for a lot. */
export interface Gathered {
  taken: Taken
  prepared: PreparedItem
  limits: LotLimits
}
