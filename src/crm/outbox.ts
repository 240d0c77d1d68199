import type { ChatMessage, Status } from 'channel-kit/chat'
import { and, asc, eq, sql } from 'drizzle-orm'
import type { Executor } from '../database/connect.ts'
import { type Conversation, wakeTelling } from '../database/conversations.ts'
import { addJob } from '../database/jobs.ts'
import { conversations, type OutboxState, outbox } from '../database/schema.ts'
import { incomingBody, type Kind, statusBody } from '../protocol/special-request.ts'

/** What the CRM has to be told, in order within a conversation, each thing once. */

export type Item = typeof outbox.$inferSelect

export const tellStatus = (tx: Executor, locked: Conversation, crmId: string, status: Status) =>
  add(tx, locked, 'status', statusBody(crmId, status), `status ${status} ${crmId}`)

/** False when this message was told, or will be, already. */
export const tellIncoming = (tx: Executor, locked: Conversation, ref: string, message: ChatMessage) =>
  add(tx, locked, 'incoming', incomingBody(message), `incoming ${ref}`)

async function add(tx: Executor, locked: Conversation, kind: Kind, body: object, dedupe: string): Promise<boolean> {
  const added = await tx
    .insert(outbox)
    .values({ registrationId: locked.registrationId, conversationId: locked.id, kind, body, dedupe })
    .onConflictDoNothing()
    .returning({ id: outbox.id })
  if (added.length === 0) return false
  await wakeTelling(tx, locked)
  // The caller may add several things of one conversation while it holds the lock.
  locked.telling = true
  return true
}

const open = (conversation: number) => and(eq(outbox.conversationId, conversation), eq(outbox.state, 'waiting'))

export async function oldest(db: Executor, conversation: number): Promise<Item | undefined> {
  const [item] = await db.select().from(outbox).where(open(conversation)).orderBy(asc(outbox.id)).limit(1)
  return item
}

/** The CRM has it, or will never take it. */
export async function settle(
  db: Executor,
  id: number,
  state: Exclude<OutboxState, 'waiting'>,
  reason: string | null
): Promise<void> {
  await db
    .update(outbox)
    .set({ state, reason, attempts: sql`${outbox.attempts} + 1`, settledAt: sql`now()` })
    .where(eq(outbox.id, id))
}

export async function postpone(db: Executor, id: number, dueAt: Date, reason: string): Promise<void> {
  await db
    .update(outbox)
    .set({ dueAt, reason, attempts: sql`${outbox.attempts} + 1` })
    .where(eq(outbox.id, id))
}

/** A registration that the CRM had archived is back: what waited for it goes on. */
export async function resume(tx: Executor, registrationId: number): Promise<void> {
  const woken = await tx
    .update(conversations)
    .set({ telling: true })
    .where(
      sql`${eq(conversations.registrationId, registrationId)} and not ${conversations.telling} and exists (
        select from ${outbox} where ${outbox.conversationId} = ${conversations.id} and ${outbox.state} = 'waiting')`
    )
    .returning({ id: conversations.id })
  for (const { id } of woken) await addJob(tx, 'tell', { conversation: id })
}
