import { eq } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { messages } from '../postgres/schema/messages.ts'
import { addJob, type Jobs } from '../queue/jobs.ts'
import type { Store } from './ingest.ts'

interface Deps {
  database: Pick<Database, 'db'>
  /** Does a work that stores events; an event that cannot be stored holds up no other (ingest.ts). */
  storing: (work: (store: Store) => Promise<void>) => Promise<void>
  now: () => Date
}

/**
 * Scheduled events: a channel foresaw them when it sent a message. One job per message walks through them, so they come
 * in their order even when all of them are overdue.
 */
export const scheduledTask =
  ({ database: { db }, storing, now }: Deps) =>
  ({ message: id }: Jobs['later']): Promise<void> =>
    storing(store =>
      db.transaction(async tx => {
        const [message] = await tx.select().from(messages).where(eq(messages.id, id))
        if (!message?.later || !message.settledAt) return

        const start = message.settledAt.getTime()
        const due = message.later.filter(({ afterMs }) => start + afterMs <= now().getTime())
        const coming = message.later.slice(due.length)
        const { registrationId } = message
        await store(
          tx,
          due.flatMap(({ events }) => events.map(event => ({ registrationId, event })))
        )
        await tx
          .update(messages)
          .set({ later: coming.length > 0 ? coming : null })
          .where(eq(messages.id, id))
        const [first] = coming
        if (first) await addJob(tx, 'later', { message: id }, { at: new Date(start + first.afterMs) })
      })
    )
