import { sql } from 'drizzle-orm'
import { DatabaseError } from 'pg'
import type { Executor } from './connect.ts'
import { withoutValues } from './errors-without-values.ts'
import { wordsOf } from './sanitize-text.ts'

/** What an error of the database means: that of what it was given, or that it is away. And steps for many that one of them can make fail. */

/**
 * Classes of what the database refuses for the sake of what it was given: wrong
 * in number, as data, by a constraint, too large for an index, too many values.
 * All others (a lost connection, no room, a lock, a shutdown) pass.
 */
const DATA = /^(21|22|23|54|08P01)/

/** Whether a step failed by what it was given, so that it would fail again. Code that meets what it did not foresee says so by these errors. */
export function isFault(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if (cause instanceof DatabaseError) return DATA.test(cause.code ?? '')
    if (cause instanceof TypeError || cause instanceof RangeError) return true
  }
  return false
}

/** What the database's client or the network says when the database is away, is full, or takes too long. */
const AWAY = /^(ECONN|EPIPE|ETIMEDOUT|EHOST|ENET|ENOTFOUND|EAI_AGAIN|57P0|57014|25P03|08|53|3D000|25006)/
/** Some of its client's errors have words only. */
const AWAY_WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Client has encountered a connection error|Client was closed|Cannot use a pool after calling end)/

/** Whether a step failed since the database is away or too slow: nobody's item is to blame, and it may be repeated later. */
export const isAway = (error: unknown): boolean =>
  !isFault(error) &&
  error instanceof Error &&
  (AWAY.test((error as NodeJS.ErrnoException).code ?? '') || AWAY_WORDS.test(error.message) || isAway(error.cause))

/** Whether a statement was ended for its time. */
export function isStatementTimeout(error: unknown): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof DatabaseError && cause.code === '57014') return true
  return false
}

const MOST_WORDS = 200

/** Why it failed, without the values that it failed with. */
export const faultOf = (error: unknown): string => wordsOf(withoutValues(error)).slice(0, MOST_WORDS)

/**
 * Does a step for many. What fails together is done in halves, down to the one
 * that fails alone, which is handed to `alone`. What is not the fault of any is
 * thrown, with what came before it done: the step has to bear being repeated.
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

/** Undoes what a work did in a transaction, and nothing before it, should it fail. */
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
