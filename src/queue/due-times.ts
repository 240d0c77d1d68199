import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import type { WorkKind } from './conversations.ts'

/** Saves the due time of the oldest open item of each conversation anew. The caller has locked them, in a transaction. */
export async function refreshDue(tx: Executor, work: WorkKind, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await tx.execute(
    work === 'send'
      ? sql`select pg_temp.refresh_sending(${bigints(ids)}, '{}', null)`
      : sql`select pg_temp.refresh_telling(${bigints(ids)})`
  )
}
