import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import { changeEvent } from '../events/event.ts'
import { writeEvents } from '../events/write.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { lockRegistrations, wake } from '../queue/locks.ts'

/** Registrations whose CRM archived the plugin: their outbox waits until the CRM registers it again. */

export async function archive({ db }: Pick<Database, 'db'>, ids: readonly number[], now: Date): Promise<void> {
  if (ids.length === 0) return
  await db.transaction(async tx => {
    await lockRegistrations(tx, ids, 'no key update')
    const archived = await tx
      .update(registrations)
      .set({ archivedAt: now })
      .where(and(inArray(registrations.id, [...ids]), isNull(registrations.archivedAt)))
      .returning({ id: registrations.id })
    await writeEvents(
      tx,
      archived.map(({ id }) => changeEvent(id, 'archived'))
    )
  })
}

/** Wakes the outbox of a registration that its CRM has registered again, if anything waits there. */
export async function resumeArchived(tx: Executor, registrationId: number): Promise<void> {
  const [waiting] = await tx
    .select({ id: conversations.id })
    .from(conversations)
    .where(and(eq(conversations.registrationId, registrationId), sql`${conversations.tellingDue} is not null`))
    .limit(1)
  if (waiting) await wake(tx, 'tell', [registrationId])
}
