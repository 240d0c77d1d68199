import { DrizzleQueryError } from 'drizzle-orm/errors'
import { DatabaseError } from 'pg'

/**
 * An error as a log may have it. The database's client quotes a statement with
 * its values, and the server the row that it refused; both are texts of customers.
 */
export function withoutValues(error: unknown): unknown {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  if (!(cause instanceof DatabaseError) && cause === error) return error
  const { message, code, stack } = (cause ?? new Error('A statement failed')) as NodeJS.ErrnoException
  return Object.assign(new Error(message), { code, stack })
}

/** A log entry with the values taken out of its error. */
export const rethrownWithoutValues = (logged: unknown): unknown =>
  typeof logged === 'object' && logged !== null && 'err' in logged
    ? { ...logged, err: withoutValues(logged.err) }
    : withoutValues(logged)
