import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { hosts } from '../postgres/schema/hosts.ts'
import { messages } from '../postgres/schema/messages.ts'
import { outbox } from '../postgres/schema/outbox.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { lockConversations } from './locks.ts'

/**
 * Deaths of hosts, counted at the items that were in hand, since one of them may be the cause. Counted when a death is
 * found, not at each turn: a clean shutdown and a database that is away are no deaths, and without deaths it costs nothing.
 */

/** An item that was in hand at so many deaths is given up: any other item of these hosts was in hand so often only by chance. */
export const MOST_DEATHS = 3

export const GIVEN_UP = `given up, since ${MOST_DEATHS} hosts died with it in hand`

/** Locks the conversations of messages that hosts which do not live were sending; before any registration is locked. */
export async function lockSending(tx: Executor): Promise<number[]> {
  const { rows } = await tx.execute<{ id: string }>(sql`
    select c.id from ${registrations} r
    join ${conversations} c on c.registration_id = r.id and c.sending_due is not null
    where r.sending_host is not null and not exists (select from ${hosts} h where h.id = r.sending_host)
      and exists (select from ${messages} m where m.conversation_id = c.id and m.settled_at is null and m.state = 'sending')`)
  const locked = await lockConversations(
    tx,
    rows.map(({ id }) => Number(id))
  )
  return locked.map(({ id }) => id)
}

/** Counts a death at the messages in state `sending` of these conversations and registrations. */
export async function countDeaths(
  tx: Executor,
  conversationIds: readonly number[],
  registrationIds: readonly number[]
): Promise<void> {
  if (conversationIds.length === 0 || registrationIds.length === 0) return
  await tx.execute(sql`
    update ${messages} set deaths = deaths + 1
    where conversation_id = any(${bigints(conversationIds)}) and registration_id = any(${bigints(registrationIds)})
      and settled_at is null and state = 'sending'`)
}

/** Counts a death at the outbox items whose files a job was fetching, by the keys of the jobs. */
export async function countMediaDeaths(tx: Executor, keys: readonly (string | null)[]): Promise<void> {
  const ids = keys.flatMap(key => (key?.startsWith('media ') ? [Number(key.slice('media '.length))] : []))
  if (ids.length === 0) return
  await tx.execute(sql`update ${outbox} set deaths = deaths + 1 where id = any(${bigints(ids)}) and media is not null`)
}
