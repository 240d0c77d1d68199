import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { type WorkKind, wake } from './locks.ts'

/** Saves the due time of the oldest open item of each conversation anew. The caller has locked them, in a transaction. */
export async function refreshDue(tx: Executor, work: WorkKind, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await tx.execute(
    work === 'send'
      ? sql`select pg_temp.refresh_sending(${bigints(ids)}, '{}', null)`
      : sql`select pg_temp.refresh_telling(${bigints(ids)})`
  )
}

/** Saves anew when these locked conversations have a message to send. */
export const refreshSending = (tx: Executor, conversationIds: readonly number[]): Promise<void> =>
  refreshDue(tx, 'send', conversationIds)

/** Finds the next message of conversations anew, which the caller has locked and changed messages of, and wakes a host for them. */
export async function refreshLine(
  tx: Executor,
  changed: readonly { registrationId: number; conversationId: number }[]
): Promise<void> {
  await refreshSending(tx, [...new Set(changed.map(({ conversationId }) => conversationId))])
  await wake(
    tx,
    'send',
    changed.map(({ registrationId }) => registrationId)
  )
}
