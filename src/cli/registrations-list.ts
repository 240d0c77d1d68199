import { asc, eq, inArray, sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { messages, outbox, registrations } from '../postgres/schema/schema.ts'
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './database.ts'
import { table } from './table.ts'

const TITLES = [
  'id',
  'channel',
  'company',
  'plugin',
  'cluster',
  'registered',
  'archived',
  'paused until',
  'retries unknown',
  'waiting messages',
  'waiting items'
]

export const registrationsList = (): Promise<CliAnswer> =>
  withDatabase(async ({ database: { db } }) => {
    const rows = await listed(db, new Date())
    const total = count(rows.length, 'registration')
    return {
      data: { registrations: rows },
      text: rows.length > 0 ? `${table(TITLES, rows.map(cells))}\n${total}` : total
    }
  })

/** Column by column, so that no secret comes along. */
async function listed(db: Database['db'], now: Date) {
  const rows = await db
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
      retryUnknown: registrations.retryUnknown
    })
    .from(registrations)
    .orderBy(asc(registrations.id))
  const waitingMessages = await waiting(
    db
      .select({ id: messages.registrationId, count: sql<number>`count(*)::int` })
      .from(messages)
      .where(inArray(messages.state, ['waiting', 'sending', 'gathered']))
      .groupBy(messages.registrationId)
  )
  const waitingItems = await waiting(
    db
      .select({ id: outbox.registrationId, count: sql<number>`count(*)::int` })
      .from(outbox)
      .where(eq(outbox.state, 'waiting'))
      .groupBy(outbox.registrationId)
  )
  return rows.map(row => ({
    ...row,
    pausedUntil: row.pausedUntil && row.pausedUntil > now ? row.pausedUntil : null,
    waitingMessages: waitingMessages.get(row.id) ?? 0,
    waitingItems: waitingItems.get(row.id) ?? 0
  }))
}

const waiting = async (counting: PromiseLike<{ id: number; count: number }[]>) =>
  new Map((await counting).map(({ id, count }) => [id, count]))

const cells = (row: Awaited<ReturnType<typeof listed>>[number]) => [
  row.id,
  row.channel,
  row.companyId,
  `${row.alias}/${row.pluginId}`,
  row.clusterUri,
  row.registeredAt,
  row.archivedAt,
  row.pausedUntil,
  row.retryUnknown ? 'yes' : 'no',
  row.waitingMessages,
  row.waitingItems
]
