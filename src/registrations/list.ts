import { and, asc, eq, gt, inArray, isNull, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { messages } from '../postgres/schema/messages.ts'
import { outbox } from '../postgres/schema/outbox.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { pausesOf } from './pause.ts'

/** Registrations as an operator or an API client sees them. */

/** Column by column, so that no secret comes along. */
const COLUMNS = {
  id: registrations.id,
  channel: registrations.channel,
  companyId: registrations.companyId,
  alias: registrations.alias,
  pluginId: registrations.pluginId,
  clusterUri: registrations.clusterUri,
  registeredAt: registrations.registeredAt,
  archivedAt: registrations.archivedAt,
  pausedUntil: registrations.pausedUntil,
  operatorPausedUntil: registrations.operatorPausedUntil,
  operatorPausedAt: registrations.operatorPausedAt,
  operatorPauseReason: registrations.operatorPauseReason,
  retryUnknown: registrations.retryUnknown,
  sentAt: registrations.sentAt,
  calledAt: registrations.calledAt,
  toldAt: registrations.toldAt
}

interface Wanted {
  id?: number | undefined
  /** The id of the last one seen. */
  after?: number | undefined
  limit?: number | undefined
}

export type FoundRegistration = Awaited<ReturnType<typeof findRegistrations>>[number]

/** In the order of their ids. `pauses`: those that hold now. */
export async function findRegistrations({ db }: { db: Executor }, now: Date, { id, after, limit }: Wanted = {}) {
  const found = db
    .select(COLUMNS)
    .from(registrations)
    .where(
      and(
        id === undefined ? undefined : eq(registrations.id, id),
        after === undefined ? undefined : gt(registrations.id, after)
      )
    )
    .orderBy(asc(registrations.id))
  const rows = await (limit === undefined ? found : found.limit(limit))
  return rows.map(({ operatorPausedUntil, operatorPausedAt, operatorPauseReason, pausedUntil, ...row }) => ({
    ...row,
    pauses: pausesOf({ operatorPausedUntil, operatorPausedAt, operatorPauseReason, pausedUntil }, now)
  }))
}

export type ListedRegistration = FoundRegistration & { messages: Waiting; items: Waiting }

/** Messages or outbox items of a registration that are not settled. */
interface Waiting {
  count: number
  oldest: Date | null
}

/** The same, with the messages and outbox items of each that are still to go. */
export async function listRegistrations(
  database: { db: Executor },
  now: Date,
  wanted: Wanted = {}
): Promise<ListedRegistration[]> {
  const rows = await findRegistrations(database, now, wanted)
  const ids = rows.map(({ id }) => id)
  const [waiting, items] = [await waitingOf(database, messages, ids), await waitingOf(database, outbox, ids)]
  return rows.map(row => ({
    ...row,
    messages: waiting.get(row.id) ?? NOTHING,
    items: items.get(row.id) ?? NOTHING
  }))
}

const NOTHING: Waiting = { count: 0, oldest: null }

/** The partial indexes have only what is not settled, so that it costs nothing however much is. */
async function waitingOf({ db }: { db: Executor }, table: typeof messages | typeof outbox, ids: readonly number[]) {
  if (ids.length === 0) return new Map<number, Waiting>()
  const rows = await db
    .select({
      id: table.registrationId,
      count: sql<number>`count(*)::int`,
      oldest:
        sql`min(${table.createdAt})${table === messages ? sql` filter (where ${messages.notBefore} > now() is not true)` : sql``}`.mapWith(
          table.createdAt
        )
    })
    .from(table)
    .where(and(inArray(table.registrationId, [...ids]), isNull(table.settledAt)))
    .groupBy(table.registrationId)
  return new Map(rows.map(({ id, ...waiting }) => [id, waiting]))
}
