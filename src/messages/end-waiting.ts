import { and, asc, eq, isNull, type SQL, sql } from 'drizzle-orm'
import { statusEvent } from '../events/event.ts'
import { writeEvents } from '../events/write.ts'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import { enqueueOutbox } from '../outbox/enqueue.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { messages } from '../postgres/schema/messages.ts'
import { refreshLine } from '../queue/due-times.ts'
import { lockConversations, lockRegistrations } from '../queue/locks.ts'
import type { StoryEntry } from './story.ts'

/**
 * Messages that wait are ended without a call of their gateway: as failed, for a reason of the host's or an operator's.
 * The CRM is told of its own, and whatever waits behind them goes on.
 */

/** A waiting message of which the gateway has no part, and for which nothing is awaited. */
export const ENDABLE = and(eq(messages.state, 'waiting'), isNull(messages.doubt), eq(messages.inParts, false))

/** Messages of one transaction: so few that no other waits long for their conversations. */
export const END_BATCH = 500

const MAY_HAVE_LEFT = sql<boolean>`pg_temp.may_have_left(${messages.attempts}, ${messages.story})`

interface Ending {
  /** For people; of a message that may have left it says that, too. */
  reason: string
  now: Date
  meter?: Meter | undefined
}

/**
 * Ends those of the messages that wait, in a transaction of the caller's, which has locked nothing yet. Answers how many.
 * A message that a host takes at this moment is left to it: to wait for its row, while that host waits for another one of
 * these, would be a circle.
 */
export async function endWaitingIn(
  tx: Executor,
  ids: readonly number[],
  { reason, now, meter = NO_METER }: Ending
): Promise<number> {
  const wanted = and(sql`${messages.id} = any(${bigints(ids)})`, ENDABLE)
  const found = await tx.select({ id: messages.conversationId }).from(messages).where(wanted)
  const locked = await lockConversations(
    tx,
    found.map(({ id }) => id)
  )
  await lockRegistrations(
    tx,
    locked.map(({ registrationId }) => registrationId),
    'share'
  )
  const rows = await tx
    .select({
      id: messages.id,
      registrationId: messages.registrationId,
      conversationId: messages.conversationId,
      crmId: messages.crmId,
      replays: messages.replays,
      mayHaveLeft: MAY_HAVE_LEFT
    })
    .from(messages)
    .where(and(wanted, sql`${messages.conversationId} = any(${bigints(locked.map(({ id }) => id))})`))
    .orderBy(asc(messages.id))
    .for('no key update', { skipLocked: true })
  if (rows.length === 0) return 0

  const [doubtful, sure] = [rows.filter(row => row.mayHaveLeft), rows.filter(row => !row.mayHaveLeft)]
  await fail(tx, sure, { state: 'failed', status: 'error', reason, settledAt: now })
  const uncertain = `uncertain: it may have been sent (${reason})`
  await fail(tx, doubtful, { state: 'failed', status: 'error', reason: uncertain, doubt: 'channel', settledAt: now })
  await enqueueOutbox(
    tx,
    locked,
    rows.flatMap(({ conversationId, crmId, replays }) =>
      crmId === null ? [] : [{ kind: 'status' as const, conversationId, crmId, status: 'error' as const, replays }]
    )
  )
  await writeEvents(
    tx,
    rows.map(row => statusEvent(row, { status: 'error', reason: row.mayHaveLeft ? uncertain : reason }))
  )
  await refreshLine(tx, rows)
  for (const { registrationId } of rows) meter.settled(registrationId, 'failed')
  return rows.length
}

type Failure = Required<Pick<typeof messages.$inferInsert, 'state' | 'status' | 'settledAt'>> &
  Pick<typeof messages.$inferInsert, 'doubt'> & { reason: string }

async function fail(tx: Executor, rows: readonly { id: number }[], failure: Failure): Promise<void> {
  if (rows.length === 0) return
  const entry: StoryEntry = { kind: 'ended', at: (failure.settledAt as Date).toISOString(), reason: failure.reason }
  const story: SQL = sql`${messages.story} || ${JSON.stringify([entry])}::jsonb`
  await tx
    .update(messages)
    .set({ ...failure, story })
    .where(sql`${messages.id} = any(${bigints(rows.map(({ id }) => id))})`)
}

/** Ends messages in batches, in the order given, until that is enough. Answers how many it tried to end, and ended. */
export async function endWaiting(
  { db }: Pick<Database, 'db'>,
  ids: readonly number[],
  { reason, now, enough, meter }: { reason: string; now: () => Date; enough: AbortSignal; meter?: Meter | undefined }
): Promise<{ tried: number; ended: number }> {
  let [tried, ended] = [0, 0]
  while (tried < ids.length && !enough.aborted) {
    const batch = ids.slice(tried, tried + END_BATCH)
    ended += await db.transaction(tx => endWaitingIn(tx, batch, { reason, now: now(), meter }))
    tried += batch.length
  }
  return { tried, ended }
}
