import { asc, eq, inArray, sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { messages, outbox, registrations } from '../postgres/schema/schema.ts'

/** Registrations as an operator looks for them. Columns are named one by one, so that no secret comes along. */

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
  retryUnknown: registrations.retryUnknown
}

export type ListedRegistration = Awaited<ReturnType<typeof listRegistrations>>[number]

/** All of them, or the one of this id; `pausedUntil` is null where the pause is over. */
export async function findRegistrations({ db }: Pick<Database, 'db'>, now: Date, id?: number) {
  const rows = await db
    .select(COLUMNS)
    .from(registrations)
    .where(id === undefined ? undefined : eq(registrations.id, id))
    .orderBy(asc(registrations.id))
  return rows.map(row => ({ ...row, pausedUntil: row.pausedUntil && row.pausedUntil > now ? row.pausedUntil : null }))
}

/** All of them, with the numbers of messages and outbox items that are still to go. */
export async function listRegistrations(database: Pick<Database, 'db'>, now: Date) {
  const { db } = database
  const rows = await findRegistrations(database, now)
  const waitingMessages = await countsOf(
    db
      .select({ id: messages.registrationId, count: sql<number>`count(*)::int` })
      .from(messages)
      .where(inArray(messages.state, ['waiting', 'sending', 'gathered']))
      .groupBy(messages.registrationId)
  )
  const waitingItems = await countsOf(
    db
      .select({ id: outbox.registrationId, count: sql<number>`count(*)::int` })
      .from(outbox)
      .where(eq(outbox.state, 'waiting'))
      .groupBy(outbox.registrationId)
  )
  return rows.map(row => ({
    ...row,
    waitingMessages: waitingMessages.get(row.id) ?? 0,
    waitingItems: waitingItems.get(row.id) ?? 0
  }))
}

const countsOf = async (counting: PromiseLike<{ id: number; count: number }[]>) =>
  new Map((await counting).map(({ id, count }) => [id, count]))
