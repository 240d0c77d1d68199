import { and, asc, eq, gt, sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/schema.ts'

/** Registrations as an operator or an API client sees them. Column by column, so that no secret comes along. */

/** Messages and items that are not settled, of which the partial indexes have nothing else: cheap however much is settled. */
const unsettled = (table: 'messages' | 'outbox') => sql`(
  select json_build_object('count', count(*)::int, 'oldest', min(w.created_at))
  from ${sql.identifier(table)} w where w.registration_id = ${registrations.id} and w.settled_at is null)`

interface Waiting {
  count: number
  oldest: string | null
}

export type RegistrationOverview = Awaited<ReturnType<typeof overviewOf>>[number]

/** In the order of their ids; `after`: the id of the last one seen. */
export const overviewOf = (
  { db }: Pick<Database, 'db'>,
  { id }: { id?: number | undefined },
  { limit, after }: { limit: number; after?: number | undefined }
) =>
  db
    .select({
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
      sentAt: registrations.sentAt,
      calledAt: registrations.calledAt,
      toldAt: registrations.toldAt,
      messages: sql<Waiting>`${unsettled('messages')}`,
      items: sql<Waiting>`${unsettled('outbox')}`
    })
    .from(registrations)
    .where(
      and(
        id === undefined ? undefined : eq(registrations.id, id),
        after === undefined ? undefined : gt(registrations.id, after)
      )
    )
    .orderBy(asc(registrations.id))
    .limit(limit)
