import { and, eq, not, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../postgres/connect.ts'
import { keyHolders } from '../postgres/schema/keys.ts'

/** Which keys the running hosts have, so that nothing is sealed with one that some of them could not open. */

const EVERY_MS = 5_000
/** After so long without a word a host is taken for gone. */
const GONE_AFTER_S = 30

/** Says so while the host runs. Resolves when the others know; returns how to take it back. */
export async function holdKeys(
  { db }: Pick<Database, 'db'>,
  { host, ids, log }: { host: string; ids: readonly string[]; log: Pick<FastifyBaseLogger, 'warn'> }
): Promise<() => Promise<void>> {
  const keys = [...ids]
  const say = async () => {
    await db
      .insert(keyHolders)
      .values({ id: host, keys })
      .onConflictDoUpdate({ target: keyHolders.id, set: { keys, seenAt: sql`now()` } })
    await db.delete(keyHolders).where(isGone)
  }
  await say()
  let saying = Promise.resolve()
  const timer = setInterval(() => {
    saying = saying
      .then(say)
      .catch(error =>
        log.warn({ event: 'secrets.keys_not_announced', err: error }, 'keys of this host could not be announced')
      )
  }, EVERY_MS)
  return async () => {
    clearInterval(timer)
    await saying
    // A database that is away forgets it by itself in a while.
    await db
      .delete(keyHolders)
      .where(eq(keyHolders.id, host))
      .catch(error =>
        log.warn({ event: 'secrets.keys_not_withdrawn', err: error }, 'keys of this host could not be withdrawn')
      )
  }
}

/** How many running hosts lack a key. */
export const lacking = ({ db }: Pick<Database, 'db'>, key: string): Promise<number> =>
  db.$count(keyHolders, and(not(isGone), sql`not ${keyHolders.keys} @> array[${key}]::text[]`))

const isGone = sql`${keyHolders.seenAt} < now() - make_interval(secs => ${GONE_AFTER_S})`
