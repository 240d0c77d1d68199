import { STATUSES } from 'channel-kit/chat'
import { and, asc, desc, eq, gt, inArray, lt, lte, max, ne, type SQL, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { type OutboxState, outbox } from '../postgres/schema/outbox.ts'
import { NEVER_DUE } from '../queue/claims.ts'
import { statusKeys } from './key.ts'
import { replayable } from './replay.ts'

/** Queries of outbox items for operators. */

export interface OutboxFilter {
  ids?: readonly number[] | undefined
  state?: OutboxState | undefined
  registrationId?: number | undefined
}

const COLUMNS = {
  id: outbox.id,
  registrationId: outbox.registrationId,
  contact: conversations.contact,
  kind: sql<'status' | 'incoming'>`${outbox.kind}`,
  body: outbox.body,
  state: outbox.state,
  attempts: outbox.attempts,
  reason: outbox.reason,
  createdAt: outbox.createdAt,
  offeredSince: outbox.offeredSince,
  /** The due time of a waiting item; none while it waits for its files. */
  dueAt:
    sql`case when ${outbox.state} = 'waiting' and ${outbox.dueAt} < ${NEVER_DUE.toISOString()}::timestamptz then ${outbox.dueAt} end`.mapWith(
      outbox.dueAt
    ) as SQL<Date | null>,
  settledAt: outbox.settledAt
}

export type ListedItem = Awaited<ReturnType<typeof listItems>>[number]

/** The newest first; `after`: the id of the last one seen. */
export const listItems = (
  { db }: { db: Executor },
  wanted: OutboxFilter,
  { limit, after }: { limit: number; after?: number | undefined }
) =>
  db
    .select(COLUMNS)
    .from(outbox)
    .innerJoin(conversations, eq(conversations.id, outbox.conversationId))
    .where(and(...matching(wanted), ne(outbox.kind, 'hidden'), after === undefined ? undefined : lt(outbox.id, after)))
    .orderBy(desc(outbox.id))
    .limit(limit)

/** Status items of a message, replays included, in order. */
export const itemsAbout = (
  { db }: { db: Executor },
  { registrationId, crmId, replays }: { registrationId: number; crmId: string; replays: number }
) =>
  db
    .select(COLUMNS)
    .from(outbox)
    .innerJoin(conversations, eq(conversations.id, outbox.conversationId))
    .where(
      and(
        eq(outbox.registrationId, registrationId),
        inArray(outbox.dedupe, statusKeys(STATUSES, crmId, replays)),
        sql`${outbox.body} ->> 'id' = ${crmId}`
      )
    )
    .orderBy(asc(outbox.id))

export async function countReplayable({ db }: Pick<Database, 'db'>, wanted: OutboxFilter, now: Date): Promise<number> {
  const [row] = await db
    .select({ count: sql<number>`count(*)::int` })
    .from(outbox)
    .where(and(...matching(wanted), replayable(now)))
  return row?.count ?? 0
}

/** The ids of replayable items in batches, the oldest first; none is met twice. */
export async function* replayableIds(
  { db }: Pick<Database, 'db'>,
  wanted: OutboxFilter,
  batch: number,
  now: Date
): AsyncGenerator<number[]> {
  const [newest] = await db.select({ id: max(outbox.id) }).from(outbox)
  for (let last = 0; ; ) {
    const rows = await db
      .select({ id: outbox.id })
      .from(outbox)
      .where(and(...matching(wanted), replayable(now), gt(outbox.id, last), lte(outbox.id, newest?.id ?? 0)))
      .orderBy(asc(outbox.id))
      .limit(batch)
    const end = rows.at(-1)
    if (!end) return
    last = end.id
    yield rows.map(({ id }) => id)
  }
}

const matching = ({ ids, state, registrationId }: OutboxFilter): (SQL | undefined)[] => [
  ids && sql`${outbox.id} = any(${bigints(ids)})`,
  state && eq(outbox.state, state),
  registrationId === undefined ? undefined : eq(outbox.registrationId, registrationId)
]
