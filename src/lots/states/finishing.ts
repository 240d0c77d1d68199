import type { LotOutcomes } from '../../channels/contract.ts'
import { closeLot } from '../call-gateway.ts'
import {
  after,
  endLot,
  INTERRUPTED,
  type LotWork,
  pauseRegistration,
  type ReadyLot,
  type Step,
  saveLot
} from '../step.ts'

/** Longest time between two attempts to close a lot. */
const MAX_CLOSE_WAIT_MS = 300_000

/** Closes the lot. Closing twice does no harm, so it is repeated until the outcome is known. */
export async function finishing(readyLot: ReadyLot): Promise<Step> {
  const { work, lot, target, deadline } = readyLot
  const doubtful = lot.doubtful || lot.calling
  const attempts = lot.attempts + 1
  await saveLot(readyLot, { calling: true, attempts, doubtful, ...(lot.calling ? { reason: INTERRUPTED } : {}) })
  const open = { ...lot, id: String(lot.id), key: lot.key.value, ref: lot.ref ?? '', doubtful }
  const outcome = await closeLot(target, open, deadline)

  switch (outcome.kind) {
    case 'closed':
      return endLot(readyLot, { state: 'finished', reason: null })
    case 'refused':
      return endLot(readyLot, {
        state: 'failed',
        code: 'refused',
        step: 'finishing',
        reason: outcome.reason,
        retryable: true
      })
    case 'throttled':
      return pauseRegistration(readyLot, outcome, { doubtful })
    case 'retry':
    case 'unknown':
      await saveLot(readyLot, {
        calling: false,
        doubtful: doubtful || outcome.kind === 'unknown',
        reason: outcome.reason
      })
      return { kind: 'wait', until: after(work, askedMs(outcome) ?? waitMs(work, attempts)) }
  }
}

const waitMs = ({ policy }: LotWork, attempts: number) =>
  Math.min(policy.intervalMs * 2 ** Math.min(attempts - 1, 16), MAX_CLOSE_WAIT_MS)

const askedMs = (outcome: Extract<LotOutcomes['close'], { kind: 'retry' | 'unknown' }>) =>
  outcome.kind === 'retry' ? outcome.afterMs : undefined
