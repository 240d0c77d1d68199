import { eq } from 'drizzle-orm'
import { resumeLots } from '../lots/seal.ts'
import type { Executor } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/schema.ts'
import { NEVER_DUE } from '../queue/claims.ts'
import { wake } from '../queue/conversations.ts'

/**
 * An operator's pause of a registration, apart from its gateway's: saved settings do not end it. Messages and lots
 * wait; what comes in goes on, and so does the outbox.
 */

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
  await wake(tx, 'send', [registrationId])
  await resumeLots(tx, registrationId)
  return true
}

interface Row {
  operatorPausedUntil: Date | null
  operatorPausedAt: Date | null
  operatorPauseReason: string | null
}

/** The pause by an operator that holds now. Its `until` is null where it is for somebody to end. */
export const operatorPauseOf = (
  { operatorPausedUntil: until, operatorPausedAt: since, operatorPauseReason: reason }: Row,
  now: Date
) => (until && until > now ? { since, reason, until: until >= NEVER_DUE ? null : until } : undefined)
