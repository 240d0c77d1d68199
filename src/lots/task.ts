import { setTimeout as delay } from 'node:timers/promises'
import { forAccount } from 'channel-kit/offload'
import type { FastifyBaseLogger } from 'fastify'
import { within } from '../http-client/timeout.ts'
import { GIVEN_UP, MOST_DEATHS } from '../queue/deaths.ts'
import type { Jobs } from '../queue/jobs.ts'
import type { LotChannel } from './call-gateway.ts'
import { claimLot, forgetDeaths, giveBack, isElsewhere, type LotRow, readLot, releaseLot } from './claim.ts'
import { goOn } from './seal.ts'
import { settle, settleUnsent } from './settle.ts'
import { finishing } from './states/finishing.ts'
import { collecting, creating, sealed } from './states/opening.ts'
import { sending } from './states/sending.ts'
import { end, type Going, type LotWork, note, ON, type Step } from './step.ts'

/**
 * A lot's way from its first message to its end. A job says that a lot goes on;
 * one host at a time works on it, step by step, each of which is written down
 * before and after it calls the gateway. So another host can go on at any point.
 */

/** Lots that a host works on at the same time; the queue has other jobs too. */
const AT_ONCE = 8
const BUSY_MS = 500
/** A lot that another host has, or that went wrong, is looked at again so soon. */
const ELSEWHERE_MS = 2_000
/** A channel that is not mounted or has no settings, or an account that is paused, is looked at again so soon. */
const LOOK_MS = 60_000

interface Deps extends LotWork {
  /** The name of this host. */
  host: string
  /** The host is stopping: lots are left to others after the step under way. */
  interrupted: AbortSignal
  log: Pick<FastifyBaseLogger, 'warn'>
}

export function lotTask({ host, interrupted, log, ...work }: Deps) {
  const inHand = new Set<number>()
  /** Lots for which a job came while they were in hand: perhaps the very one that was to go on with them. */
  const asked = new Set<number>()
  const { database, now } = work

  return async ({ lot: id }: Jobs['lot']): Promise<void> => {
    if (inHand.has(id)) return void asked.add(id)
    if (inHand.size >= AT_ONCE) return goOn(database.db, id, new Date(now().getTime() + BUSY_MS))
    inHand.add(id)
    try {
      if (await claimLot(database, id, host)) await walk(id)
      // The one that has it may have failed in the midst, and this be the job to go on with.
      else if (await isElsewhere(database, id, host))
        await goOn(database.db, id, new Date(now().getTime() + ELSEWHERE_MS))
    } catch (error) {
      log.warn({ event: 'lot.step_failed', lot: id, err: error }, 'step of a lot failed; tried again')
      await leave(id)
    } finally {
      inHand.delete(id)
      if (asked.delete(id)) await goOn(database.db, id, now())
    }
  }

  /** The lot is this host's until it says otherwise, and a job that fails while the database is away comes back late. */
  async function leave(id: number): Promise<void> {
    for (;;)
      try {
        return await giveBack(database, id, host, new Date(now().getTime() + ELSEWHERE_MS))
      } catch (error) {
        // What a host leaves behind when it stops is taken over by others.
        if (interrupted.aborted) throw error
        await delay(BUSY_MS)
      }
  }

  async function walk(id: number): Promise<void> {
    for (let step: Step = ON; step.kind !== 'over'; ) {
      const read = await readLot(database, id, host)
      if (!read) return
      step = interrupted.aborted ? { kind: 'wait', until: now() } : await stepped(read.lot, read.pausedUntil)
      if (step.kind === 'wait') return releaseLot(database, id, host, step.until)
      if (step.kind === 'over') tell(read.lot)
    }
  }

  async function stepped(lot: LotRow, pausedUntil: Date | null): Promise<Step> {
    const step = await stepOf(work, lot, pausedUntil)
    if (lot.deaths > 0) await forgetDeaths(database, lot.id, host)
    return step
  }

  function tell({ id, registrationId, state, code, step, reason }: LotRow): void {
    if (state === 'failed' || state === 'unknown')
      log.warn(
        { event: 'lot.failed', lot: id, registration: registrationId, code, step, reason },
        `lot ended: ${state}`
      )
  }
}

const STEPS: Partial<Record<LotRow['state'], (going: Going) => Promise<Step>>> = {
  sealed,
  creating,
  sending,
  finishing
}

/** What a lot fails of that hosts died of: in these states, a call for it may have got through. */
const DOUBTED = { creating: 'creating', sending: 'sending', finishing: 'finishing' } as const

const isDeadly = ({ deaths, state }: LotRow) => deaths >= MOST_DEATHS && (state === 'sealed' || state in DOUBTED)

async function stepOf(work: LotWork, lot: LotRow, pausedUntil: Date | null): Promise<Step> {
  const now = work.now().getTime()
  if (isDeadly(lot)) {
    const step = DOUBTED[lot.state as keyof typeof DOUBTED]
    const reason = step === undefined ? GIVEN_UP : `uncertain: it may have been sent (${GIVEN_UP})`
    return end(
      { work, lot },
      { state: 'failed', code: 'unreachable', reason, retryable: true, ...(step ? { step } : {}) }
    )
  }
  if (lot.state === 'collecting') return collecting({ work, lot })
  const step = STEPS[lot.state]
  if (!step) return ending({ work, lot })
  if (pausedUntil && pausedUntil.getTime() > now) {
    if (lot.reason === null) await note({ work, lot }, { reason: 'its registration is paused' })
    return { kind: 'wait', until: new Date(Math.min(pausedUntil.getTime(), now + LOOK_MS)) }
  }

  return within(work.policy.timeoutMs, async deadline => {
    const target = await work.ready(lot.registrationId, deadline)
    if (target.kind === 'unready' || !target.channel.lots) {
      await note({ work, lot }, { reason: target.kind === 'unready' ? target.reason : 'its channel has no lots' })
      return { kind: 'wait', until: new Date(now + LOOK_MS) }
    }
    const ready = { ...target, lots: target.channel.lots } as LotChannel
    return forAccount(lot.registrationId, () => step({ work, lot, target: ready, deadline }))
  })
}

/** It is decided how the lot ends: its messages are told, and then it is over. */
async function ending({ work, lot }: Pick<Going, 'work' | 'lot'>): Promise<Step> {
  const reason = lot.reason ?? ''
  if (lot.state === 'failed') {
    await settle(work, lot, { kind: lot.code === 'rejected' ? 'rejected' : 'failed', reason })
    if (lot.step === 'finishing') await settleUnsent(work, lot, reason)
  }
  if (lot.state === 'unknown')
    await settle(work, lot, { kind: 'failed', reason: `the lot may have been opened, with nothing in it (${reason})` })
  if (lot.state === 'cancelled') await settle(work, lot, { kind: 'cancelled', reason })
  await note({ work, lot }, { endedAt: work.now(), host: null })
  return { kind: 'over' }
}
