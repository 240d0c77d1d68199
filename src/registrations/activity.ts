import { inArray } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/registrations.ts'

/** Times at which something last happened to a registration: the CRM took an item, the gateway took a message, its webhook was called. */
type Activity = 'toldAt' | 'sentAt' | 'calledAt'

/** Lists need no exact time, and an update for each message would cost more than the message. */
const SAVE_EVERY_MS = 10_000

/** Saves the time for each of them that was not saved lately. */
export function createActivity(database: Pick<Database, 'db'>, activity: Activity) {
  const savedAt = new Map<number, number>()

  return async (registrationIds: readonly number[], at: Date): Promise<void> => {
    const due = [...new Set(registrationIds)].filter(id => at.getTime() - (savedAt.get(id) ?? 0) >= SAVE_EVERY_MS)
    if (due.length === 0) return
    for (const id of await saveActivity(database, activity, due, at)) savedAt.set(id, at.getTime())
  }
}

/**
 * Answers whose time was saved. One statement however many there are: one each was a second of a turn with a thousand
 * registrations. A row that somebody has locked is left for the next time, so that nothing waits, let alone in a circle.
 */
export async function saveActivity(
  { db }: Pick<Database, 'db'>,
  activity: Activity,
  registrationIds: readonly number[],
  at: Date
): Promise<number[]> {
  const free = db
    .select({ id: registrations.id })
    .from(registrations)
    .where(inArray(registrations.id, [...registrationIds]))
    .for('no key update', { skipLocked: true })
  const saved = await db
    .update(registrations)
    .set({ [activity]: at })
    .where(inArray(registrations.id, free))
    .returning({ id: registrations.id })
  return saved.map(({ id }) => id)
}
