import { sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { messages } from '../postgres/schema/messages.ts'
import { refreshSending } from '../queue/due-times.ts'
import { lockConversations } from '../queue/locks.ts'

/** Scheduled messages whose time has come. */

/** Conversations of one transaction. */
const BATCH = 500
/** Messages of longer ago were seen by earlier sweeps; after a longer absence of all hosts they go when their lane gets to them. */
const SEEN_FOR = sql`interval '1 hour'`

/**
 * Takes conversations in which bulk messages wait into the normal lane, once a normal message of theirs is in line. All other
 * scheduled messages are found by the due time of their conversations. Answers how many conversations that were.
 */
export async function bringIntoLine(db: Database['db']): Promise<number> {
  const { rows } = await db.execute<{ id: string }>(sql`
    select distinct c.id from ${messages} m join ${conversations} c on c.id = m.conversation_id and c.sending_bulk
    where m.not_before is not null and m.settled_at is null and not m.bulk and m.state = 'waiting'
      and m.not_before <= now() and m.not_before > now() - ${SEEN_FOR}
      and (m.expires_at is null or m.expires_at > now())
    limit ${BATCH}`)
  if (rows.length === 0) return 0
  return db.transaction(async tx => {
    const locked = await lockConversations(
      tx,
      rows.map(({ id }) => Number(id))
    )
    await refreshSending(
      tx,
      locked.map(({ id }) => id)
    )
    return locked.length
  })
}
