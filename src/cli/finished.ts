import { and, inArray, isNull, lt, ne, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../database/connect.ts'
import { messages, outbox } from '../database/schema.ts'

/**
 * Rows that nobody works on any more. With a row goes the memory that it was
 * there: the CRM's message of that id, or the gateway's, would count as new.
 */

/** Rows by table. */
export interface Finished {
  messages: number
  outbox: number
}

type Tables = Record<keyof Finished, { table: typeof messages | typeof outbox; where: SQL | undefined }>

/** Few enough that a lock is held for moments only, while the hosts go on. */
const BATCH = 5_000

const tables = (before: Date): Tables => ({
  messages: {
    table: messages,
    where: and(
      lt(messages.settledAt, before),
      inArray(messages.state, ['accepted', 'failed']),
      // Its channel foresaw events that the CRM has not been told of.
      isNull(messages.later)
    )
  },
  outbox: { table: outbox, where: and(lt(outbox.settledAt, before), ne(outbox.state, 'waiting')) }
})

export async function countFinished({ db }: Pick<Database, 'db'>, before: Date): Promise<Finished> {
  const counts = { messages: 0, outbox: 0 }
  for (const [name, { table, where }] of entries(before)) counts[name] = await db.$count(table, where)
  return counts
}

interface Run {
  interrupted: AbortSignal
  /** Told after each batch what is gone so far. */
  removed: (counts: Finished) => void
}

export async function removeFinished(
  { db }: Pick<Database, 'db'>,
  before: Date,
  { interrupted, removed }: Run
): Promise<Finished> {
  const counts = { messages: 0, outbox: 0 }
  for (const [name, { table, where }] of entries(before)) {
    let batch: number
    do {
      interrupted.throwIfAborted()
      batch = await removeBatch(db, table, where)
      counts[name] += batch
      removed(counts)
    } while (batch > 0)
  }
  return counts
}

/** Rows that are locked at the moment are left for the next time. */
async function removeBatch(db: Database['db'], table: typeof messages | typeof outbox, where: SQL | undefined) {
  const { count } = await db.execute(sql`
    with finished as (
      select id from ${table} where ${where} order by settled_at limit ${BATCH} for update skip locked)
    delete from ${table} using finished where ${table.id} = finished.id`)
  return count
}

const entries = (before: Date) => Object.entries(tables(before)) as [keyof Finished, Tables[keyof Finished]][]
