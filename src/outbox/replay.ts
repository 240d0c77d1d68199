import { and, inArray, type SQL, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { outbox } from '../postgres/schema/outbox.ts'
import { refreshDue } from '../queue/due-times.ts'
import { lockConversations, wake } from '../queue/locks.ts'

/** The id of the message that a status is about; an incoming message has none. */
const about = (item: SQL) => sql`case when ${item}.kind = 'status' then ${item}.body ->> 'id' end`

/**
 * A later status of the same message was delivered, or may be on its way at the
 * moment: this one would take the message back.
 */
const overtaken = (now: Date) => sql`exists (
  select from ${outbox} later join ${conversations} c on c.id = later.conversation_id
  where later.conversation_id = ${outbox.conversationId} and later.id > ${outbox.id}
    and ${about(sql`later`)} = ${about(sql`${outbox}`)}
    and (later.state = 'delivered' or (later.state = 'waiting' and c.telling_due <= ${now.toISOString()}::timestamptz)))`

/** Replayable items: parked or stopped, and not overtaken. */
export const replayable = (now: Date) => and(inArray(outbox.state, ['parked', 'stopped']), sql`not ${overtaken(now)}`)

/**
 * Replays items that the CRM did not take, as an operator decides. Returns how
 * many were parked or stopped and now wait.
 */
export const replayItems = ({ db }: Pick<Database, 'db'>, ids: readonly number[], now: Date): Promise<number> =>
  db.transaction(tx => replayItemsIn(tx, ids, now))

/** Replays items in a transaction of the caller's, which has locked nothing yet. */
export async function replayItemsIn(tx: Executor, ids: readonly number[], now: Date): Promise<number> {
  const rows = await tx
    .select({ id: outbox.conversationId })
    .from(outbox)
    .where(inArray(outbox.id, [...ids]))
  const locked = await lockConversations(
    tx,
    rows.map(({ id }) => id)
  )
  const replayed = await tx
    .update(outbox)
    .set({ state: 'waiting', attempts: 0, dueAt: now, offeredSince: now, settledAt: null })
    .where(and(inArray(outbox.id, [...ids]), replayable(now)))
    .returning({ registrationId: outbox.registrationId })
  await refreshDue(
    tx,
    'tell',
    locked.map(({ id }) => id)
  )
  await wake(
    tx,
    'tell',
    replayed.map(({ registrationId }) => registrationId)
  )
  return replayed.length
}
