import { and, asc, desc, eq, inArray, isNotNull, isNull, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { type ItemState, lotItems, lots } from '../postgres/schema/lots.ts'
import { messages } from '../postgres/schema/messages.ts'
import type { LotState } from './lot-state.ts'

/** Lots as an operator or an admin looks for them. */

export interface WantedLots {
  id?: number | undefined
  state?: LotState | undefined
  registrationId?: number | undefined
}

/** Messages of a lot by the state of their items. */
export type Counts = Partial<Record<ItemState, number>>

const COLUMNS = {
  id: lots.id,
  registrationId: lots.registrationId,
  name: lots.name,
  state: lots.state,
  step: lots.step,
  code: lots.code,
  retryable: lots.retryable,
  items: lots.items,
  counts: sql<Counts>`coalesce((
    select json_object_agg(state, number) from (
      select state, count(*)::int number from ${lotItems} where lot_id = lots.id group by state) counted), '{}')`,
  ref: lots.ref,
  attempts: lots.attempts,
  reason: lots.reason,
  createdAt: lots.createdAt,
  sealsAt: lots.sealsAt,
  dueAt: lots.dueAt,
  openedAt: lots.openedAt,
  endedAt: lots.endedAt
}

export type ListedLot = Awaited<ReturnType<typeof listLots>>[number]

/** The newest first; `after`: the id of the last one seen. */
export const listLots = (
  { db }: { db: Executor },
  wanted: WantedLots,
  { limit, after }: { limit: number; after?: number | undefined }
) =>
  db
    .select(COLUMNS)
    .from(lots)
    .where(and(...matching(wanted), after === undefined ? undefined : lt(lots.id, after)))
    .orderBy(desc(lots.id))
    .limit(limit)

const matching = ({ id, state, registrationId }: WantedLots): (SQL | undefined)[] => [
  id === undefined ? undefined : eq(lots.id, id),
  state && eq(lots.state, state),
  registrationId === undefined ? undefined : eq(lots.registrationId, registrationId)
]

/** The first messages of a lot that have a reason, that is, that were not sent. */
export const troublesOf = ({ db }: Pick<Database, 'db'>, lot: number, limit: number) =>
  db
    .select({
      message: lotItems.messageId,
      contact: sql<string>`${messages.body}->>'contact'`,
      state: lotItems.state,
      reason: lotItems.reason
    })
    .from(lotItems)
    .innerJoin(messages, eq(messages.id, lotItems.messageId))
    .where(and(eq(lotItems.lotId, lot), isNotNull(lotItems.reason)))
    .orderBy(asc(lotItems.id))
    .limit(limit)

/** Lots that have not ended; without `open` only those that no longer collect, or whose time to collect is over. */
export const unendedLots = async (
  { db }: Pick<Database, 'db'>,
  { id, registrationId, open }: { id?: number | undefined; registrationId?: number | undefined; open: boolean }
): Promise<number[]> => {
  const due = open ? undefined : or(sql`${lots.state} <> 'collecting'`, lt(lots.sealsAt, sql`now()`))
  const rows = await db
    .select({ id: lots.id })
    .from(lots)
    .where(and(...matching({ id, registrationId }), isNull(lots.endedAt), due))
    .orderBy(asc(lots.id))
  return rows.map(row => row.id)
}

export const lotsById = ({ db }: Pick<Database, 'db'>, ids: readonly number[]) =>
  db
    .select(COLUMNS)
    .from(lots)
    .where(inArray(lots.id, [...ids]))
    .orderBy(asc(lots.id))
