import { inArray, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { type Conversation, wake } from '../queue/conversations.ts'
import { refreshDue } from '../queue/due-times.ts'

/** Saves anew when these locked conversations have a message to send. */
export const refreshSending = (tx: Executor, conversationIds: readonly number[]): Promise<void> =>
  refreshDue(tx, 'send', conversationIds)

/** Makes messages that were added to locked conversations due, and wakes a host for them. */
export async function enqueue(
  tx: Executor,
  locked: readonly Conversation[],
  added: readonly { registrationId: number; conversationId: number }[],
  dueAt: Date
): Promise<void> {
  const open = new Set(added.map(({ conversationId }) => conversationId))
  const mine = locked.filter(({ id }) => open.has(id))
  const idle = mine.filter(({ sendingDue }) => sendingDue === null).map(({ id }) => id)
  await refreshSending(
    tx,
    mine
      .filter(({ sendingDue, sendingBulk }) => sendingDue !== null && (sendingBulk || sendingDue > dueAt))
      .map(({ id }) => id)
  )
  if (idle.length > 0)
    await tx
      .update(conversations)
      .set({ sendingDue: sql`greatest(${dueAt.toISOString()}::timestamptz, ${conversations.pacedUntil})` })
      .where(inArray(conversations.id, idle))
  await wake(
    tx,
    'send',
    added.map(({ registrationId }) => registrationId)
  )
}
