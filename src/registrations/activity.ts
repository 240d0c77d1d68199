import { eq } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/schema.ts'

/** Times at which something last happened to a registration: the CRM took an item, the gateway took a message, its webhook was called. */
type Activity = 'toldAt' | 'sentAt' | 'calledAt'

/** Lists need no exact time, and an update for each message would cost more than the message. */
const SAVE_EVERY_MS = 10_000

/** Saves the time for each of them that was not saved lately. One by one, since locks of several need an order. */
export function createActivity({ db }: Pick<Database, 'db'>, activity: Activity) {
  const saved = new Map<number, number>()

  return async (registrationIds: readonly number[], at: Date): Promise<void> => {
    for (const id of new Set(registrationIds)) {
      if (at.getTime() - (saved.get(id) ?? 0) < SAVE_EVERY_MS) continue
      await db
        .update(registrations)
        .set({ [activity]: at })
        .where(eq(registrations.id, id))
      saved.set(id, at.getTime())
    }
  }
}
