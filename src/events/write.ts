import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { sanitizeJson } from '../postgres/sanitize-text.ts'
import type { NewEvent } from './event.ts'

/** Writes events in this order, in the transaction of what they tell; see feed.ts for the locks that the caller holds. */
export async function writeEvents(tx: Executor, events: readonly NewEvent[]): Promise<void> {
  if (events.length === 0) return
  const rows = events.map(({ registrationId, conversationId, type, body }) => ({
    registration: registrationId,
    conversation: conversationId ?? null,
    type,
    body
  }))
  await tx.execute(sql`select pg_temp.write_events(${sanitizeJson(rows)}::json)`)
}
