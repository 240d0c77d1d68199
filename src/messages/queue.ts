import type { Outcome } from 'channel-kit/channel'
import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import { tellStatus } from '../crm/outbox.ts'
import type { Database, Executor } from '../database/connect.ts'
import { lockConversations, sleep } from '../database/conversations.ts'
import { addJob } from '../database/jobs.ts'
import { messages, registrations } from '../database/schema.ts'
import { storeEvents } from './events.ts'

/** The messages of a conversation that are still to be sent, and what becomes of each. */

export type Message = typeof messages.$inferSelect

const open = (conversation: number) =>
  and(eq(messages.conversationId, conversation), inArray(messages.state, ['waiting', 'sending']))

/** The one whose turn it is: a retry is never overtaken. */
export async function oldest(db: Executor, conversation: number): Promise<Message | undefined> {
  const [message] = await db.select().from(messages).where(open(conversation)).orderBy(asc(messages.id)).limit(1)
  return message
}

/** Written before the channel is called: who finds it after a crash knows that the message may have left. */
export async function markSending(db: Executor, id: number): Promise<void> {
  await db
    .update(messages)
    .set({ state: 'sending', attempts: sql`${messages.attempts} + 1` })
    .where(eq(messages.id, id))
}

/** Takes the conversation's flag down if nothing waits any more. False: something came meanwhile. */
export const fallAsleep = ({ db }: Pick<Database, 'db'>, conversation: number): Promise<boolean> =>
  db.transaction(async tx => {
    await lockConversations(tx, [conversation])
    if (await oldest(tx, conversation)) return false
    await sleep(tx, conversation, 'sending')
    return true
  })

/** The gateway has it. Events that are due at once are stored with it, the rest when their time comes. */
export const settleAccepted = (
  { db }: Pick<Database, 'db'>,
  message: Message,
  { ref, later = [] }: Extract<Outcome, { kind: 'accepted' }>,
  now: Date
) =>
  db.transaction(async tx => {
    const coming = later.filter(({ afterMs }) => afterMs > 0).toSorted((a, b) => a.afterMs - b.afterMs)
    await tx
      .update(messages)
      .set({ state: 'accepted', ref, reason: null, settledAt: now, later: coming.length > 0 ? coming : null })
      .where(eq(messages.id, message.id))
    await storeEvents(
      tx,
      message.registrationId,
      later.filter(({ afterMs }) => afterMs <= 0).flatMap(({ events }) => events),
      now
    )
    const [first] = coming
    if (first) await addJob(tx, 'later', { message: message.id }, { at: new Date(now.getTime() + first.afterMs) })
  })

/** It will not be sent. The CRM hears so, the reason is kept. */
export const settleFailed = ({ db }: Pick<Database, 'db'>, message: Message, reason: string, now: Date) =>
  db.transaction(async tx => {
    const [conversation] = await lockConversations(tx, [message.conversationId])
    await tx
      .update(messages)
      .set({ state: 'failed', status: 'error', reason, settledAt: now })
      .where(eq(messages.id, message.id))
    if (conversation && message.crmId !== null) await tellStatus(tx, conversation, message.crmId, 'error')
  })

/** It goes back to the head of its conversation until its time comes. */
export async function postpone(db: Executor, { id }: Message, dueAt: Date, reason: string): Promise<void> {
  await db.update(messages).set({ state: 'waiting', dueAt, reason }).where(eq(messages.id, id))
}

/** The gateway has enough of the account: everything of it waits, and this attempt was none. */
export const pause = ({ db }: Pick<Database, 'db'>, { id, registrationId }: Message, until: Date, reason: string) =>
  db.transaction(async tx => {
    await tx.update(registrations).set({ pausedUntil: until }).where(eq(registrations.id, registrationId))
    await tx
      .update(messages)
      .set({ state: 'waiting', dueAt: until, reason, attempts: sql`${messages.attempts} - 1` })
      .where(eq(messages.id, id))
  })

/** When the account may go on; undefined: now. */
export async function pausedUntil(db: Executor, registrationId: number, now: Date): Promise<Date | undefined> {
  const [row] = await db
    .select({ until: registrations.pausedUntil })
    .from(registrations)
    .where(eq(registrations.id, registrationId))
  return row?.until && row.until > now ? row.until : undefined
}
