import { asc, inArray, type SQL, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { type Conversation, conversations } from '../postgres/schema/conversations.ts'
import { registrations } from '../postgres/schema/registrations.ts'

/**
 * The queue's protocol: which conversations have work, and which host does it.
 *
 * A conversation has the due time of its oldest open message and of its oldest open outbox item. A registration has the
 * host that has claimed it. A transaction that adds an item locks the conversation, then the registration (shared), and
 * adds a job only if no host has claimed it; a host that releases a claim locks the registration first and then looks a
 * last time. So no item is overlooked, a conversation is never worked on twice, and a busy registration costs no jobs.
 * (A job or a named queue per conversation was measured at a tenth of the rate.)
 */

export type WorkKind = 'send' | 'tell'

/** The end of a registration's pause, the later one of its gateway's and its operator's: no message or lot goes before. */
export const PAUSED_UNTIL = sql`greatest(${registrations.pausedUntil}, ${registrations.operatorPausedUntil})`.mapWith(
  registrations.pausedUntil
) as SQL<Date | null>

/** Locks conversations in one order, so that transactions never wait in a circle. */
export const lockConversations = async (tx: Executor, ids: readonly number[]): Promise<Conversation[]> =>
  ids.length === 0
    ? []
    : tx
        .select()
        .from(conversations)
        .where(inArray(conversations.id, [...new Set(ids)]))
        .orderBy(asc(conversations.id))
        .for('no key update')

/**
 * Locks registrations in one order as well, and returns their locked state. Transactions that change several of them, or
 * add items more than once, call it before. (An update of the rows that its own subquery locks has waited in a circle:
 * it goes through the row versions from before the lock.)
 */
export const lockRegistrations = async (tx: Executor, ids: readonly number[], how: 'share' | 'no key update') =>
  ids.length === 0
    ? []
    : tx
        .select({
          id: registrations.id,
          send: registrations.sendingHost,
          tell: registrations.tellingHost,
          pausedUntil: PAUSED_UNTIL,
          archivedAt: registrations.archivedAt,
          optOut: registrations.optOut
        })
        .from(registrations)
        .where(inArray(registrations.id, [...new Set(ids)]))
        .orderBy(asc(registrations.id))
        .for(how)

/** Finds a host for the registrations that have none. Call it last in a transaction that added items. */
export async function wake(tx: Executor, work: WorkKind, registrationIds: readonly number[]): Promise<void> {
  if (registrationIds.length > 0) await tx.execute(sql`select pg_temp.wake(${work}, ${bigints(registrationIds)})`)
}
