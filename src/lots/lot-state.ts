/** States of a lot in their order; the last four are ends, reached when all of its messages are settled (`endedAt`). */
export const LOT_STATES = [
  'collecting',
  'sealed',
  'creating',
  'sending',
  'finishing',
  'finished',
  'failed',
  'unknown',
  'cancelled'
] as const

export type LotState = (typeof LOT_STATES)[number]
