import type { LotOutcomes } from '../../channels/contract.ts'
import { closeLot } from '../call-gateway.ts'
import { end, type Going, INTERRUPTED, type LotWork, later, note, type Step, throttled } from '../step.ts'

/** However rarely it is asked whether a lot is closed, it is asked. */
const LONGEST_WAIT_MS = 300_000

/** Closes the lot. That can be done twice without harm, so it is repeated until it is known. */
export async function finishing(going: Going): Promise<Step> {
  const { work, lot, target, deadline } = going
  const doubtful = lot.doubtful || lot.calling
  const attempts = lot.attempts + 1
  await note(going, { calling: true, attempts, doubtful, ...(lot.calling ? { reason: INTERRUPTED } : {}) })
  const open = { ...lot, id: String(lot.id), key: lot.key.value, ref: lot.ref ?? '', doubtful }
  const outcome = await closeLot(target, open, deadline)

  switch (outcome.kind) {
    case 'closed':
      return end(going, { state: 'finished', reason: null })
    case 'refused':
      return end(going, {
        state: 'failed',
        code: 'refused',
        step: 'finishing',
        reason: outcome.reason,
        retryable: true
      })
    case 'throttled':
      return throttled(going, outcome, { doubtful })
    case 'retry':
    case 'unknown':
      await note(going, { calling: false, doubtful: doubtful || outcome.kind === 'unknown', reason: outcome.reason })
      return { kind: 'wait', until: later(work, askedMs(outcome) ?? waitMs(work, attempts)) }
  }
}

const waitMs = ({ policy }: LotWork, attempts: number) =>
  Math.min(policy.intervalMs * 2 ** Math.min(attempts - 1, 16), LONGEST_WAIT_MS)

const askedMs = (outcome: Extract<LotOutcomes['close'], { kind: 'retry' | 'unknown' }>) =>
  outcome.kind === 'retry' ? outcome.afterMs : undefined
