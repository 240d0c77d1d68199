import { and, eq, isNotNull, sql } from 'drizzle-orm'
import { resumeLots } from '../lots/seal.ts'
import type { Executor } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/schema.ts'
import { wake } from '../queue/conversations.ts'

/**
 * A registration that its gateway has paused: none of its messages and lots goes on before `paused_until`. The pause
 * is the gateway's, so that saved settings end it. A pause by an operator needs a column of its own, since `paused_until`
 * would end with the next settings that an admin saves.
 */

/** Pauses a registration until then. Of several pauses the longest holds, in whichever order they are written. */
export async function pauseByGateway(tx: Executor, registrationId: number, until: Date): Promise<void> {
  await tx
    .update(registrations)
    .set({ pausedUntil: sql`greatest(${registrations.pausedUntil}, ${until.toISOString()}::timestamptz)` })
    .where(eq(registrations.id, registrationId))
}

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
