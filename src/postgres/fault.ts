import { sql } from 'drizzle-orm'
import { DatabaseError } from 'pg'
import type { Executor } from './connect.ts'
import { withoutValues } from './errors-without-values.ts'
import { wordsOf } from './sanitize-text.ts'

/** Errors of the database: a fault of the statement's input, or the database is away. And steps for many items, of which one can make all fail. */

/**
 * Error classes of faults, by which the database refuses a statement for its
 * input: wrong in number, as data, by a constraint, too large for an index, too
 * many values. All others (a lost connection, no room, a lock, a shutdown) pass.
 */
const FAULT = /^(21|22|23|54|08P01)/

/** True if a step failed by its input, so that it would fail again. TypeError and RangeError are such faults of our own code. */
export function isFault(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof DatabaseError) return FAULT.test(cause.code ?? '')
    if (cause instanceof TypeError || cause instanceof RangeError) return true
  }
  return false
}

/** Error codes of a database that is away, is full, or takes too long, by its client or the network. */
const AWAY = /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_AGAIN|57P0|57014|25P03|08|53|3D000|25006)/
/** Some errors of the client have no code. */
const AWAY_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/

/** True if a step failed since the database is away or too slow: no item is to blame, and the step may be repeated later. */
export const isAway = (error: unknown): boolean =>
  !isFault(error) &&
  error instanceof Error &&
  (AWAY.test((error as NodeJS.ErrnoException).code ?? '') || AWAY_WORDS.test(error.message) || isAway(error.cause))

const MAX_FAULT_LENGTH = 200

/** The reason of a fault, without the values of the statement. */
export const faultOf = (error: unknown): string => wordsOf(withoutValues(error)).slice(0, MAX_FAULT_LENGTH)

/**
 * Does a step for many items. If it fails by a fault, it is done in halves, down
 * to the item that fails alone, which is passed to `alone`. Other errors are
 * thrown, with earlier halves done: the step has to bear being repeated.
 */
export async function apart<Item>(
  items: readonly Item[],
  step: (items: readonly Item[]) => Promise<void>,
  alone: (item: Item, error: unknown) => Promise<void>
): Promise<void> {
  const [first] = items
  if (first === undefined) return
  try {
    await step(items)
  } catch (error) {
    if (!isFault(error)) throw error
    if (items.length === 1) return alone(first, error)
    const half = Math.ceil(items.length / 2)
    await apart(items.slice(0, half), step, alone)
    await apart(items.slice(half), step, alone)
  }
}

/** Does a work within a transaction; if it fails, only the work is undone. */
export async function inSavepoint(tx: Executor, work: () => Promise<void>): Promise<void> {
  await tx.execute(sql`savepoint apart`)
  try {
    await work()
  } catch (error) {
    await tx.execute(sql`rollback to savepoint apart`)
    throw error
  }
  await tx.execute(sql`release savepoint apart`)
}
