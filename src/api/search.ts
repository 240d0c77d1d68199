import { sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { isStatementTimeout } from '../postgres/error-codes.ts'
import { TooSlow } from './errors.ts'

/** Longest time of one search: filters that match next to nothing would read all that is kept. */
const SEARCH_MS = 5_000

/** Reads within the time of a search. Throws `TooSlow` after it. */
export const searching = <Result>(
  { db }: Pick<Database, 'db'>,
  read: (tx: Executor) => Promise<Result>
): Promise<Result> =>
  db
    .transaction(async tx => {
      await tx.execute(sql.raw(`set local statement_timeout = ${SEARCH_MS}`))
      return read(tx)
    })
    .catch(error => {
      throw isStatementTimeout(error) ? new TooSlow() : error
    })
