import { and, inArray, type SQL, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { messageParts, messages } from '../postgres/schema/messages.ts'
import { refreshLine } from '../queue/due-times.ts'
import { lockConversations } from '../queue/locks.ts'
import type { StoryEntry } from './story.ts'

/** Failed messages: those that never left, and those that the gateway took and later reported an error of. */
export const FAILED = sql`(${messages.failure} is not null)`

/** A message that is past its time is not sent late by a replay, which often names many. */
export const REPLAYABLE = sql`(${FAILED} and (${messages.expiresAt} is null or ${messages.expiresAt} > now()))`

const OF_MESSAGE = sql`from ${messageParts} p where p.message_id = ${messages.id} and not p.dropped`

/** Columns of a message after failed parts of it were dropped. */
export const KEPT = {
  ref: sql`(select min(p.ref) ${OF_MESSAGE} and p.part = 0)`,
  inParts: sql`exists (select ${OF_MESSAGE})`
}

/**
 * Replays failed messages, as an operator decides. They go to the head of their
 * conversations, being older than the messages that wait there, and the CRM gets
 * their statuses anew. Later reports about the failed attempt are not about them
 * any more. Parts that got through are not sent again. Returns how many messages
 * had failed and now wait; those past their `expiresAt` are left.
 */
export const replayMessages = ({ db }: Pick<Database, 'db'>, ids: readonly number[], now: Date): Promise<number> =>
  db.transaction(tx => replayMessagesIn(tx, ids, now))

/** Replays messages in a transaction of the caller's, which has locked no conversation yet. */
export async function replayMessagesIn(tx: Executor, ids: readonly number[], now: Date): Promise<number> {
  const rows = await tx
    .select({ id: messages.conversationId })
    .from(messages)
    .where(inArray(messages.id, [...ids]))
  await lockConversations(
    tx,
    rows.map(({ id }) => id)
  )
  const failed = and(inArray(messages.id, [...ids]), REPLAYABLE)
  await drop(tx, failed)
  const entry: StoryEntry = { kind: 'replayed', at: now.toISOString() }
  const replayed = await tx
    .update(messages)
    .set({
      state: 'waiting',
      attempts: 0,
      deaths: 0,
      status: null,
      reason: null,
      code: null,
      cost: null,
      ...KEPT,
      doubt: sql`case when ${messages.doubt} = 'heard' and exists (select ${OF_MESSAGE}) then 'heard' end`,
      progress: null,
      returned: null,
      later: null,
      dueAt: now,
      settledAt: null,
      replays: sql`${messages.replays} + 1`,
      story: sql`${messages.story} || ${JSON.stringify([entry])}::jsonb`
    })
    .where(failed)
    .returning({ conversationId: messages.conversationId, registrationId: messages.registrationId })
  await refreshLine(tx, replayed)
  return replayed.length
}

/** Drops the failed parts, or the whole message if it was not in parts. Their refs are kept, since gateways repeat themselves. */
async function drop(tx: Executor, failed: SQL | undefined): Promise<void> {
  await tx.execute(sql`
    insert into ${messageParts} (message_id, part, ref, registration_id)
    select id, 0, ref, registration_id from ${messages} where ${failed} and ref is not null and not in_parts
    on conflict (message_id, part, ref) do update set status = null`)
  await tx.execute(sql`
    update ${messageParts} p set dropped = true from ${messages}
    where p.message_id = ${messages.id} and ${failed} and (p.status = 'error' or not ${messages.inParts})`)
}
