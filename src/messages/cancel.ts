import { and, desc, eq, isNull, sql } from 'drizzle-orm'
import type { Meter } from '../metrics/meter.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { messages } from '../postgres/schema/messages.ts'
import { ENDABLE, endWaiting } from './end-waiting.ts'
import { type MessageFilter, matching } from './queries.ts'

/** Messages that are not to be sent after all, as an operator or an API client decides. */

/** Messages that are not settled, by what a cancellation can do about them. */
export interface Cancellable {
  waiting: number
  /** A host has them in hand. */
  inHand: number
  inLots: number
  /** Waiting, though something of them may have left, or has. */
  mayHaveLeft: number
}

/** Most messages of one cancellation: their ids are in hand all together. */
export const MAX_CANCELLED = 200_000

const OPEN = isNull(messages.settledAt)
const numberOf = (what: ReturnType<typeof and>) => sql<number>`(count(*) filter (where ${what}))::int`

export async function countCancellable({ db }: { db: Executor }, wanted: MessageFilter): Promise<Cancellable> {
  const [row] = await db
    .select({
      waiting: numberOf(ENDABLE),
      inHand: numberOf(eq(messages.state, 'sending')),
      inLots: numberOf(eq(messages.state, 'gathered')),
      mayHaveLeft: numberOf(and(eq(messages.state, 'waiting'), sql`(${ENDABLE}) is not true`))
    })
    .from(messages)
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(and(OPEN, ...matching(wanted)))
  return row ?? { waiting: 0, inHand: 0, inLots: 0, mayHaveLeft: 0 }
}

/** The newest first: when a message is ended, the one behind it goes out next, and is to be ended by then. */
export async function cancellableIds({ db }: { db: Executor }, wanted: MessageFilter): Promise<number[]> {
  const rows = await db
    .select({ id: messages.id })
    .from(messages)
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(and(OPEN, ENDABLE, ...matching(wanted)))
    .orderBy(desc(messages.id))
    .limit(MAX_CANCELLED)
  return rows.map(({ id }) => id)
}

/** Cancels messages that wait, until that is enough. */
export const cancelMessages = (
  database: Pick<Database, 'db'>,
  ids: readonly number[],
  how: { now: () => Date; enough: AbortSignal; meter?: Meter | undefined }
): Promise<{ tried: number; ended: number }> => endWaiting(database, ids, { reason: 'cancelled', ...how })
