import { sql } from 'drizzle-orm'
import type { Database } from '../../src/postgres/connect.ts'
import { events } from '../../src/postgres/schema/events.ts'
import type { ApiClient } from '../api-client.ts'
import type { Journal } from '../journal.ts'
import { type Entry, openEntry } from './entry.ts'
import type { Rows } from './rows.ts'

/** Once each and in their order: what a reader got of the feed, beside the rows of the hosts. */
export async function feedRead({ db }: Pick<Database, 'db'>, read: ApiClient['events']): Promise<Entry> {
  const entry = openEntry('every event of the feed was read once, those of a conversation in the order of its statuses')
  const [row] = await db.select({ count: sql<number>`count(*)::int` }).from(events)
  entry.note(`events: ${read.length}`)
  for (const [index, { id }] of read.entries()) {
    const before = read[index - 1]
    entry.check(before && Number(before.id) >= Number(id) ? `${id} was read after ${before.id}` : undefined)
  }
  entry.check(row?.count === read.length ? undefined : `there are ${row?.count} events, and ${read.length} were read`)
  return entry.close()
}

/** The last status that the feed tells of an item is how it ended. */
export function itemsTold({ posts }: Journal, rows: Rows, read: ApiClient['events']): Entry {
  const entry = openEntry('the feed told how every item of the API client ended')
  const last = new Map(
    read.flatMap(({ type, clientId, status }) => (type === 'message.status' && clientId ? [[clientId, status]] : []))
  )
  for (const { id } of posts.filter(({ isItem }) => isItem)) {
    const status = rows.messages.get(id)?.status ?? undefined
    entry.check(last.get(id) === status ? undefined : `${id} is ${status}, and the feed says ${last.get(id)}`)
  }
  return entry.close()
}
