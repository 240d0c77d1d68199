import { and, eq, isNotNull, isNull, lt, or } from 'drizzle-orm'
import { changeEvent } from '../events/event.ts'
import { writeEvents } from '../events/write.ts'
import { resumeLots } from '../lots/schedule.ts'
import type { Executor } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { NEVER_DUE } from '../queue/claims.ts'
import { wake } from '../queue/locks.ts'

/**
 * Pauses of a registration: none of its messages and lots goes on. Its gateway's ends by itself, or by saved settings,
 * which may have mended its cause; an operator's, in columns of its own, only as the operator said. What comes in goes on
 * in both, and so does the outbox. `PAUSED_UNTIL` of queue/locks.ts is the later end of both.
 */

/** Least extension of a pause that is an event: messages in flight are throttled one by one, each a moment later. */
const TOLD_MS = 1_000

/** Pauses a registration until then. Of several pauses the longest holds, in whichever order they are written. */
export async function pauseByGateway(
  tx: Executor,
  registrationId: number,
  { until, reason, now }: { until: Date; reason: string | null; now: Date }
): Promise<void> {
  const [longer] = await tx
    .select({ pausedUntil: registrations.pausedUntil })
    .from(registrations)
    .where(
      and(
        eq(registrations.id, registrationId),
        or(isNull(registrations.pausedUntil), lt(registrations.pausedUntil, until))
      )
    )
    .for('no key update')
  if (!longer) return
  await tx.update(registrations).set({ pausedUntil: until }).where(eq(registrations.id, registrationId))
  const known = Math.max(longer.pausedUntil?.getTime() ?? 0, now.getTime())
  if (until.getTime() - known >= TOLD_MS)
    await writeEvents(tx, [pauseEvent(registrationId, { by: 'gateway', until, reason })])
}

const pauseEvent = (registrationId: number, { by, until, reason }: Pick<Pause, 'by' | 'until' | 'reason'>) => ({
  registrationId,
  type: 'registration.paused' as const,
  body: { by, until: until?.toISOString() ?? null, reason }
})

/** Ends a pause by the gateway: the saved settings may have mended its cause. Locks the registration, hence comes first. */
export async function endPauseByGateway(tx: Executor, registrationId: number): Promise<void> {
  const paused = await tx
    .update(registrations)
    .set({ pausedUntil: null })
    .where(and(eq(registrations.id, registrationId), isNotNull(registrations.pausedUntil)))
    .returning({ id: registrations.id })
  await wake(
    tx,
    'send',
    paused.map(({ id }) => id)
  )
  await resumeLots(tx, registrationId)
}

/** Replaces an earlier pause by an operator. `until`: null where it is for somebody to end. */
export async function pauseByOperator(
  tx: Executor,
  registrationId: number,
  { reason, until, now }: { reason: string; until: Date | null; now: Date }
): Promise<void> {
  await tx
    .update(registrations)
    .set({ operatorPausedUntil: until ?? NEVER_DUE, operatorPausedAt: now, operatorPauseReason: reason })
    .where(eq(registrations.id, registrationId))
  await writeEvents(tx, [pauseEvent(registrationId, { by: 'operator', until, reason })])
  // A host that was to come back at the end of an earlier pause comes for a shorter one too.
  await wake(tx, 'send', [registrationId])
}

/** Ends it. Answers whether there was one. */
export async function resumeByOperator(tx: Executor, registrationId: number): Promise<boolean> {
  const [row] = await tx
    .select({ until: registrations.operatorPausedUntil })
    .from(registrations)
    .where(eq(registrations.id, registrationId))
    .for('no key update')
  if (!row?.until) return false
  await tx
    .update(registrations)
    .set({ operatorPausedUntil: null, operatorPausedAt: null, operatorPauseReason: null })
    .where(eq(registrations.id, registrationId))
  await writeEvents(tx, [changeEvent(registrationId, 'resumed')])
  await wake(tx, 'send', [registrationId])
  await resumeLots(tx, registrationId)
  return true
}

interface Row {
  pausedUntil: Date | null
  operatorPausedUntil: Date | null
  operatorPausedAt: Date | null
  operatorPauseReason: string | null
}

export interface Pause {
  by: 'operator' | 'gateway'
  /** Null where that was not written down. */
  since: Date | null
  /** Null: until somebody resumes the registration. */
  until: Date | null
  reason: string | null
}

/** For people, as in "paused by an operator until resumed: number is under review". */
export const pauseText = ({ by, until, reason }: Pause): string =>
  `paused by ${by === 'operator' ? 'an operator' : 'the gateway'} until ${until?.toISOString() ?? 'resumed'}${reason === null ? '' : `: ${reason}`}`

/** The pauses that hold now. */
export const pausesOf = (row: Row, now: Date): Pause[] => {
  const { pausedUntil, operatorPausedUntil, operatorPausedAt: since, operatorPauseReason: reason } = row
  const byOperator: Pause[] =
    operatorPausedUntil && operatorPausedUntil > now
      ? [{ by: 'operator', since, until: operatorPausedUntil >= NEVER_DUE ? null : operatorPausedUntil, reason }]
      : []
  const byGateway: Pause[] =
    pausedUntil && pausedUntil > now ? [{ by: 'gateway', since: null, until: pausedUntil, reason: null }] : []
  return [...byOperator, ...byGateway]
}
