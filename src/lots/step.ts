import type { LotOutcome } from 'channel-kit/lots'
import type { RuntimeOf } from '../channels/call-channel.ts'
import { LONGEST_WAIT_MS, type RetryPolicy } from '../delivery/retry-policy.ts'
import type { Meter } from '../metrics/meter.ts'
import type { Database } from '../postgres/connect.ts'
import type { LotCode } from '../postgres/schema/lots.ts'
import { pauseByGateway } from '../registrations/pause.ts'
import type { Tracing } from '../tracing/spans.ts'
import type { LotChannel } from './call-gateway.ts'
import { type LotChanges, type LotRow, writeLot } from './claim.ts'

/** Steps of a lot: their dependencies, their results, and what several states share. */

export interface LotWork {
  database: Pick<Database, 'db'>
  ready: RuntimeOf
  policy: RetryPolicy & { timeoutMs: number }
  now: () => Date
  meter?: Meter
  tracing?: Pick<Tracing, 'enabled' | 'write'>
}

/** A lot whose channel may be called. */
export interface ReadyLot {
  work: LotWork
  lot: LotRow
  target: LotChannel
  deadline: AbortSignal
}

/** `next`: the lot has a next step now. `over`: it has ended. */
export type Step = { kind: 'next' } | { kind: 'wait'; until: Date } | { kind: 'over' }

export const NEXT: Step = { kind: 'next' }

export const INTERRUPTED = 'a host was stopped while it was calling'

/**
 * Saves a lot in a transaction of its own. Intent and outcome are saved on both sides of a call, so that a crash leaves
 * no more doubt than there is.
 */
export const saveLot = ({ work, lot }: Pick<ReadyLot, 'work' | 'lot'>, changes: LotChanges): Promise<void> =>
  work.database.db.transaction(tx => writeLot(tx, lot, changes))

export const after = ({ now }: LotWork, ms: number): Date => new Date(now().getTime() + Math.min(ms, LONGEST_WAIT_MS))

/** Pauses the registration, and the lot with it; the call does not count as an attempt. */
export async function pauseRegistration(
  { work, lot }: ReadyLot,
  { reason, afterMs }: Extract<LotOutcome<never>, { kind: 'throttled' }>,
  changes: LotChanges = {}
): Promise<Step> {
  const until = after(work, afterMs)
  await work.database.db.transaction(async tx => {
    await writeLot(tx, lot, { calling: false, attempts: lot.attempts, reason, ...changes })
    await pauseByGateway(tx, lot.registrationId, { until, reason, now: work.now() })
  })
  return { kind: 'wait', until }
}

interface End {
  state: 'finished' | 'failed' | 'unknown' | 'cancelled'
  reason: string | null
  code?: LotCode
  step?: 'creating' | 'sending' | 'finishing'
  retryable?: boolean
}

/** Saves how the lot ends. Its messages that are not settled are settled in the next step, see states/ended.ts. */
export async function endLot({ work, lot }: Pick<ReadyLot, 'work' | 'lot'>, how: End): Promise<Step> {
  await saveLot({ work, lot }, { calling: false, ...how })
  return NEXT
}
