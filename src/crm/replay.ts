import { and, inArray, sql } from 'drizzle-orm'
import type { Database } from '../database/connect.ts'
import { lockConversations, wake } from '../database/conversations.ts'
import { refreshDue } from '../database/heads.ts'
import { outbox } from '../database/schema.ts'
import { OPEN } from './telling.ts'

/**
 * Offers items to the CRM once more that it did not take, as an operator
 * decides. Answers how many were parked or stopped and now wait.
 */
export const replayItems = ({ db }: Pick<Database, 'db'>, ids: readonly number[], now: Date): Promise<number> =>
  db.transaction(async tx => {
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
      .where(and(inArray(outbox.id, [...ids]), inArray(outbox.state, ['parked', 'stopped'])))
      .returning({ registrationId: outbox.registrationId })
    await refreshDue(
      tx,
      'tell',
      locked.map(({ id }) => id),
      sql`${outbox}`,
      OPEN
    )
    await wake(
      tx,
      'tell',
      replayed.map(({ registrationId }) => registrationId)
    )
    return replayed.length
  })
