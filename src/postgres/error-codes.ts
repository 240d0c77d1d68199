import { DatabaseError } from 'pg'

/** Errors of statements by their codes. Source: Postgres' manual, "PostgreSQL Error Codes". */

/** True if a statement was ended by its timeout. */
export const isStatementTimeout = (error: unknown): boolean => hasCode(error, '57014')

function hasCode(error: unknown, code: string): boolean {
  for (let cause = error; cause instanceof Error; cause = cause.cause)
    if (cause instanceof DatabaseError && cause.code === code) return true
  return false
}

/** True if a statement was refused since the server takes no writes. */
export const isReadOnly = (error: unknown): boolean => hasCode(error, '25006')
