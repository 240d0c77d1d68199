import { asc, eq, inArray, sql } from 'drizzle-orm'
import type { Executor } from './connect.ts'
import { addJob } from './jobs.ts'
import { conversations } from './schema.ts'

/**
 * A conversation is worked on by one job at a time, for each of two kinds of
 * work: `sending` messages and `telling` the CRM. The flag says that the job
 * exists. Whoever adds work locks the row first and adds a job only when the
 * flag is down; the job locks the row before it looks a last time and takes the
 * flag down. So no wake-up is lost and no second job ever runs. (One job key a
 * conversation instead deadlocks under load, one named queue a conversation
 * makes the queue 14 times slower.)
 */

export type Conversation = typeof conversations.$inferSelect
type Work = 'sending' | 'telling'

const JOB = { sending: 'send', telling: 'tell' } as const satisfies Record<Work, string>

/** The conversations with these contacts, made where there are none, locked in one order so that nobody waits in a circle. */
export async function lockContacts(
  tx: Executor,
  registrationId: number,
  contacts: readonly string[]
): Promise<Conversation[]> {
  const distinct = [...new Set(contacts)].sort()
  if (distinct.length === 0) return []
  const find = () =>
    tx
      .select()
      .from(conversations)
      .where(sql`${eq(conversations.registrationId, registrationId)} and ${inArray(conversations.contact, distinct)}`)
      .orderBy(asc(conversations.id))
      .for('no key update')

  const found = await find()
  if (found.length === distinct.length) return found
  await tx
    .insert(conversations)
    .values(distinct.map(contact => ({ registrationId, contact })))
    .onConflictDoNothing()
  return find()
}

/** The same by id. */
export const lockConversations = (tx: Executor, ids: readonly number[]): Promise<Conversation[]> =>
  tx
    .select()
    .from(conversations)
    .where(inArray(conversations.id, [...new Set(ids)]))
    .orderBy(asc(conversations.id))
    .for('no key update')

export async function findConversation(db: Executor, id: number): Promise<Conversation | undefined> {
  const [row] = await db.select().from(conversations).where(eq(conversations.id, id))
  return row
}

export const wakeSending = (tx: Executor, locked: Conversation) => wake(tx, locked, 'sending')
export const wakeTelling = (tx: Executor, locked: Conversation) => wake(tx, locked, 'telling')

async function wake(tx: Executor, locked: Conversation, work: Work): Promise<void> {
  if (locked[work]) return
  await tx
    .update(conversations)
    .set({ [work]: true })
    .where(eq(conversations.id, locked.id))
  await addJob(tx, JOB[work], { conversation: locked.id })
}

/** Takes the flag down of a conversation that the caller has locked and found to have no work left. */
export async function sleep(tx: Executor, id: number, work: Work): Promise<void> {
  await tx
    .update(conversations)
    .set({ [work]: false })
    .where(eq(conversations.id, id))
}
