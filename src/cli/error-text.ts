import { DrizzleQueryError } from 'drizzle-orm/errors'

/** What went wrong, for a person. What wraps another error only to tell of a statement or of several addresses is taken off. */
export function sentence(error: unknown): string {
  if (error instanceof DrizzleQueryError && error.cause) return sentence(error.cause)
  if (error instanceof AggregateError && error.errors.length > 0) return sentence(error.errors[0])
  if (!(error instanceof Error)) return String(error)
  const { syscall } = error as NodeJS.ErrnoException
  if (syscall === 'connect' || syscall === 'getaddrinfo') return `The database cannot be reached: ${error.message}`
  return error.message || error.name
}
