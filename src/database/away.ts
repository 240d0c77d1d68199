/** What the database's client or the network says when it is the database that is away. */
const CODE = /^(ECONN|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|57P0|57014|08|53|3D000|25006)/
/** Some of its client's errors have words only. */
const WORDS =
  /^(Connection terminated|timeout exceeded when trying to connect|Client has encountered a connection error|Cannot use a pool after calling end)/

/** Whether an error, or what it was caused by, is of a database that is away or too slow. */
export const isAway = (error: unknown): boolean =>
  error instanceof Error &&
  (CODE.test((error as NodeJS.ErrnoException).code ?? '') || WORDS.test(error.message) || isAway(error.cause))
