import { eq } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { notifyChanged } from './cache.ts'

/**
 * Decides, in all hosts at once, whether a registration sends a message again whose outcome is unknown. False: there is
 * no such registration.
 */
export const setRetryUnknown = (
  { db }: Pick<Database, 'db'>,
  registrationId: number,
  retryUnknown: boolean
): Promise<boolean> =>
  db.transaction(async tx => {
    const [changed] = await tx
      .update(registrations)
      .set({ retryUnknown })
      .where(eq(registrations.id, registrationId))
      .returning({ id: registrations.id })
    if (changed) await notifyChanged(tx, registrationId)
    return changed !== undefined
  })
