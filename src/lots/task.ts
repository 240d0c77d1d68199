import { setTimeout as delay } from 'node:timers/promises'
import { forAccount } from 'channel-kit/offload'
import type { FastifyBaseLogger } from 'fastify'
import { within } from '../http-client/timeout.ts'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import { failure, type Result, success } from '../protocol/result.ts'
import { GIVEN_UP, MOST_DEATHS } from '../queue/deaths.ts'
import type { Jobs } from '../queue/jobs.ts'
import type { LotChannel } from './call-gateway.ts'
import { claimLot, forgetDeaths, giveBack, isElsewhere, type LotRow, readLot, releaseLot } from './claim.ts'
import { scheduleLot } from './schedule.ts'
import { collecting } from './states/collecting.ts'
import { creating } from './states/creating.ts'
import { ended } from './states/ended.ts'
import { finishing } from './states/finishing.ts'
import { sealed } from './states/sealed.ts'
import { sending } from './states/sending.ts'
import { endLot, type LotWork, NEXT, type ReadyLot, type Step, saveLot } from './step.ts'

/**
 * Takes the steps of a lot, from its first message to its end. A host claims the
 * lot when a job of it is due; each step saves the lot before and after its call
 * of the gateway, so another host can go on at any point.
 */

/** Lots that a host works on at the same time; the queue has other jobs too. */
const MAX_LOTS = 8
/** Until a host that works on MAX_LOTS looks again, or that cannot reach the database tries again. */
const BUSY_MS = 500
/** Until the next job of a lot that another host has claimed, or whose step failed. */
const ELSEWHERE_MS = 2_000
/** Longest wait for a registration that is paused, or whose channel cannot be called now. */
const RECHECK_MS = 60_000

interface Deps extends LotWork {
  /** The name of this host. */
  host: string
  /** The host is stopping: it releases its lots after the running step. */
  interrupted: AbortSignal
  log: Pick<FastifyBaseLogger, 'warn'>
}

export function lotTask({ host, interrupted, log, ...work }: Deps) {
  const running = new Set<number>()
  /** Lots that had a job while their steps were running: it may be the job that was to go on with them. */
  const hadJob = new Set<number>()
  const { database, now } = work

  return async ({ lot: id }: Jobs['lot']): Promise<void> => {
    if (running.has(id)) return void hadJob.add(id)
    if (running.size >= MAX_LOTS) return scheduleLot(database.db, id, new Date(now().getTime() + BUSY_MS))
    running.add(id)
    try {
      if (await claimLot(database, id, host)) await takeSteps(id)
      // That host may have died in a step, and this may be the job that was to go on after it.
      else if (await isElsewhere(database, id, host))
        await scheduleLot(database.db, id, new Date(now().getTime() + ELSEWHERE_MS))
    } catch (error) {
      log.warn({ event: 'lot.step_failed', lot: id, err: error }, 'step of a lot failed; tried again')
      await giveBackLot(id)
    } finally {
      running.delete(id)
      if (hadJob.delete(id)) await scheduleLot(database.db, id, now())
    }
  }

  /** Repeated while the database is away: a job that fails comes back late, and the lot stays claimed until then. */
  async function giveBackLot(id: number): Promise<void> {
    for (;;)
      try {
        return await giveBack(database, id, host, new Date(now().getTime() + ELSEWHERE_MS))
      } catch (error) {
        // Other hosts claim the lots of a host that has stopped.
        if (interrupted.aborted) throw error
        await delay(BUSY_MS)
      }
  }

  async function takeSteps(id: number): Promise<void> {
    for (let step: Step = NEXT; step.kind !== 'over'; ) {
      const read = await readLot(database, id, host)
      if (!read) return
      step = interrupted.aborted ? { kind: 'wait', until: now() } : await takeStep(read.lot, read.pausedUntil)
      if (step.kind === 'wait') return releaseLot(database, id, host, step.until)
      if (step.kind === 'over') logFailure(read.lot)
    }
  }

  async function takeStep(lot: LotRow, pausedUntil: Date | null): Promise<Step> {
    const step = await stepOf(work, lot, pausedUntil)
    if (lot.deaths > 0) await forgetDeaths(database, lot.id, host)
    return step
  }

  function logFailure({ id, registrationId, state, code, step, reason }: LotRow): void {
    if (state === 'failed' || state === 'unknown')
      log.warn(
        { event: 'lot.failed', lot: id, registration: registrationId, code, step, reason },
        `lot ended: ${state}`
      )
  }
}

const STEPS: Partial<Record<LotRow['state'], (readyLot: ReadyLot) => Promise<Step>>> = {
  sealed,
  creating,
  sending,
  finishing
}

/** The step in which a lot fails when hosts died of it: in these states a call may have reached the gateway. */
const DOUBTFUL_STEPS = { creating: 'creating', sending: 'sending', finishing: 'finishing' } as const

const isDeadly = ({ deaths, state }: LotRow) => deaths >= MOST_DEATHS && (state === 'sealed' || state in DOUBTFUL_STEPS)

async function stepOf(work: LotWork, lot: LotRow, pausedUntil: Date | null): Promise<Step> {
  const now = work.now().getTime()
  if (isDeadly(lot)) {
    const step = DOUBTFUL_STEPS[lot.state as keyof typeof DOUBTFUL_STEPS]
    const reason = step === undefined ? GIVEN_UP : `uncertain: it may have been sent (${GIVEN_UP})`
    return endLot(
      { work, lot },
      { state: 'failed', code: 'unreachable', reason, retryable: true, ...(step ? { step } : {}) }
    )
  }
  if (lot.state === 'collecting') return collecting({ work, lot })
  const step = STEPS[lot.state]
  if (!step) return ended({ work, lot })
  if (pausedUntil && pausedUntil.getTime() > now) {
    if (lot.reason === null) await saveLot({ work, lot }, { reason: 'its registration is paused' })
    return { kind: 'wait', until: new Date(Math.min(pausedUntil.getTime(), now + RECHECK_MS)) }
  }

  return within(work.policy.timeoutMs, async deadline => {
    const target = lotChannelOf(await work.ready(lot.registrationId, deadline), lot, work.meter ?? NO_METER)
    if (!target.ok) {
      await saveLot({ work, lot }, { reason: target.reason })
      return { kind: 'wait', until: new Date(now + RECHECK_MS) }
    }
    return forAccount(lot.registrationId, () => step({ work, lot, target: target.value, deadline }))
  })
}

function lotChannelOf(
  runtime: Awaited<ReturnType<LotWork['ready']>>,
  { registrationId }: LotRow,
  meter: Meter
): Result<LotChannel> {
  if (!runtime.ok) return runtime
  const { lots } = runtime.value.channel
  if (!lots) return failure('its channel has no lots')
  const counted: LotChannel['counted'] = (outcome, seconds) => {
    meter.attempted(registrationId, outcome)
    meter.called(registrationId, seconds)
  }
  return success({ ...runtime.value, lots: lots as LotChannel['lots'], counted })
}
