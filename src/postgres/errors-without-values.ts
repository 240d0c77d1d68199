import { DrizzleQueryError } from 'drizzle-orm/errors'
import { DatabaseError } from 'pg'

/**
 * An error as a log may have it. The database's client tells of a statement with
 * its values, and the server of the row that it refused; both are what people wrote.
 */
export function withoutValues(error: unknown): unknown {
  const cause = error instanceof DrizzleQueryError ? error.cause : error
  if (!(cause instanceof DatabaseError) && cause === error) return error
  const { message, code, stack } = (cause ?? new Error('A statement failed')) as NodeJS.ErrnoException
  return Object.assign(new Error(message), { code, stack })
}

/** What is logged, with the errors in it made discreet. */
export const rethrownWithoutValues = (logged: unknown): unknown =>
  typeof logged === 'object' && logged !== null && 'err' in logged
    ? { ...logged, err: withoutValues(logged.err) }
    : withoutValues(logged)
