import type { LotOutcome } from 'channel-kit/lots'
import type { RuntimeOf } from '../channels/call-channel.ts'
import { LONGEST_WAIT_MS, type RetryPolicy } from '../delivery/retry-policy.ts'
import type { Database } from '../postgres/connect.ts'
import type { LotCode } from '../postgres/schema/lots.ts'
import { pauseByGateway } from '../registrations/pause.ts'
import type { LotChannel } from './call-gateway.ts'
import { type Changes, type LotRow, writeLot } from './claim.ts'

/** What every step of a lot's life is given, and how it may end. */

export interface LotWork {
  database: Pick<Database, 'db'>
  ready: RuntimeOf
  policy: RetryPolicy & { timeoutMs: number }
  now: () => Date
}

/** A lot whose channel may be called. */
export interface Going {
  work: LotWork
  lot: LotRow
  target: LotChannel
  deadline: AbortSignal
}

/** `on`: there is a next step. */
export type Step = { kind: 'on' } | { kind: 'wait'; until: Date } | { kind: 'over' }

export const ON: Step = { kind: 'on' }

export const INTERRUPTED = 'a host was stopped while it was calling'

/** A lot's intent and its outcome are written on both sides of a call, so that a crash leaves no more doubt than there is. */
export const note = ({ work, lot }: Pick<Going, 'work' | 'lot'>, changes: Changes): Promise<void> =>
  work.database.db.transaction(tx => writeLot(tx, lot, changes))

export const later = ({ now }: LotWork, ms: number): Date => new Date(now().getTime() + Math.min(ms, LONGEST_WAIT_MS))

/** The account may not go on: the lot waits with it, and the call does not count. */
export async function throttled(
  { work, lot }: Going,
  { reason, afterMs }: Extract<LotOutcome<never>, { kind: 'throttled' }>,
  changes: Changes = {}
): Promise<Step> {
  const until = later(work, afterMs)
  await work.database.db.transaction(async tx => {
    await writeLot(tx, lot, { calling: false, attempts: lot.attempts, reason, ...changes })
    await pauseByGateway(tx, lot.registrationId, until)
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

/** Decides how the lot ends. What of its messages is not settled is told next. */
export async function end({ work, lot }: Pick<Going, 'work' | 'lot'>, how: End): Promise<Step> {
  await note({ work, lot }, { calling: false, ...how })
  return ON
}
