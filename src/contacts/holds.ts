import { and, eq, gt, sql } from 'drizzle-orm'
import type { NewEvent } from '../events/event.ts'
import { writeEvents } from '../events/write.ts'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { conversations, type HeldBy } from '../postgres/schema/conversations.ts'
import { NEVER_DUE } from '../queue/claims.ts'

/**
 * Holds of conversations: while a person talks with a contact, messages that ask for it (`ifNotHeld`) are not sent. A line
 * of an agent in the CRM holds when it is accepted (accept.sql), one of the business's own phone when it is heard of; a
 * hold without an end ends when somebody says so. The database's clock counts, over all hosts.
 */

type Talk = Pick<Conversation, 'id' | 'registrationId'>

export interface Hold {
  by: HeldBy
  /** Null: until somebody ends it. */
  until: Date | null
  reason: string | null
}

/** Holds a conversation, which the caller has locked, in place of the hold that it may have. */
export async function holdIn(tx: Executor, { id, registrationId }: Talk, { by, until, reason }: Hold): Promise<void> {
  await tx
    .update(conversations)
    .set({ heldUntil: until ?? NEVER_DUE, heldBy: by, heldReason: reason })
    .where(eq(conversations.id, id))
  await writeEvents(tx, [heldEvent({ id, registrationId }, { held: true, by, until, reason })])
}

/** Ends the hold of a conversation, which the caller has locked. False where nothing held it. */
export async function releaseIn(tx: Executor, { id, registrationId }: Talk, by: HeldBy): Promise<boolean> {
  const { rowCount } = await tx
    .update(conversations)
    .set({ heldUntil: null, heldBy: null, heldReason: null })
    .where(and(eq(conversations.id, id), gt(conversations.heldUntil, sql`now()`)))
  if (!rowCount) return false
  await writeEvents(tx, [heldEvent({ id, registrationId }, { held: false, by, until: null, reason: null })])
  return true
}

/** Lines of the business's own phone hold their conversations, which the caller has locked, for as long as each registration says. */
export const holdForLines = async (tx: Executor, conversationIds: readonly number[]): Promise<void> => {
  if (conversationIds.length > 0)
    await tx.execute(sql`select pg_temp.take_lines(${bigints(conversationIds)}, 'phone', null)`)
}

/** The hold of a conversation; undefined where nothing holds it, by the database's clock. */
export async function holdOf(tx: Executor, conversationId: number): Promise<Hold | undefined> {
  const [row] = await tx
    .select({ until: conversations.heldUntil, by: conversations.heldBy, reason: conversations.heldReason })
    .from(conversations)
    .where(and(eq(conversations.id, conversationId), gt(conversations.heldUntil, sql`now()`)))
  if (!row?.until || !row.by) return undefined
  return { by: row.by, until: row.until >= NEVER_DUE ? null : row.until, reason: row.reason }
}

const heldEvent = ({ id, registrationId }: Talk, { held, by, until, reason }: Hold & { held: boolean }): NewEvent => ({
  registrationId,
  conversationId: id,
  type: 'conversation.held',
  body: {
    held,
    by,
    ...(until === null ? {} : { until: until.toISOString() }),
    ...(reason === null ? {} : { reason })
  }
})
