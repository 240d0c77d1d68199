import { openLot } from '../call-gateway.ts'
import { endUnwanted } from '../settle.ts'
import { after, endLot, INTERRUPTED, NEXT, pauseRegistration, type ReadyLot, type Step, saveLot } from '../step.ts'
import { countWaiting } from './sealed.ts'

/** Opens the lot at the gateway. It is empty until then, so a second opening sends nothing twice. */
export async function creating(readyLot: ReadyLot): Promise<Step> {
  const { work, lot, target, deadline } = readyLot
  const { id, name, key, items, doubtful } = lot
  const attempts = lot.attempts + 1
  if (!lot.calling && attempts === 1) await endUnwanted(work, lot)
  if (!lot.calling && (await countWaiting(readyLot)) === 0) return endLot(readyLot, { state: 'finished', reason: null })
  if (!lot.calling) await saveLot(readyLot, { calling: true, attempts })
  const outcome = lot.calling
    ? { kind: 'unknown' as const, reason: INTERRUPTED }
    : await openLot(target, { id: String(id), name, key: key.value, items, doubtful }, deadline)

  switch (outcome.kind) {
    case 'opened':
      await saveLot(readyLot, {
        ...{ state: 'sending', ref: outcome.ref, cost: outcome.cost ?? null, openedAt: work.now(), reason: null },
        ...{ calling: false, attempts: 0, doubtful: false }
      })
      return NEXT
    case 'retry':
      return retryOpening(readyLot, attempts, outcome.reason, outcome.afterMs)
    case 'throttled':
      return pauseRegistration(readyLot, outcome)
    case 'refused':
      return endLot(readyLot, { state: 'failed', code: 'refused', step: 'creating', reason: outcome.reason })
    case 'unknown':
      if (target.retryUnknown)
        return retryOpening({ ...readyLot, lot: { ...lot, doubtful: true } }, attempts, outcome.reason)
      return endLot(readyLot, { state: 'unknown', step: 'creating', reason: outcome.reason, retryable: true })
  }
}

async function retryOpening(readyLot: ReadyLot, attempts: number, reason: string, afterMs?: number): Promise<Step> {
  const { work, lot } = readyLot
  if (attempts >= work.policy.attempts)
    return endLot(readyLot, {
      ...{ state: 'failed', code: 'unreachable', step: 'creating', retryable: true },
      reason: `gave up after ${attempts} attempts: ${reason}`
    })
  await saveLot(readyLot, { calling: false, doubtful: lot.doubtful, reason })
  return { kind: 'wait', until: after(work, afterMs ?? work.policy.intervalMs) }
}
