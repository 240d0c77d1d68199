import { and, eq, not, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../postgres/connect.ts'
import { keyHolders } from '../postgres/schema/keys.ts'

/** Announcements of the keys that each running host has, so that no secret is sealed with a key that some host lacks. */

const ANNOUNCE_EVERY_MS = 5_000
/** A host that has not announced its keys for so long is taken for gone. */
const GONE_AFTER_S = 30

/** Announces the keys while the host runs. Resolves after the first announcement with the function that withdraws them. */
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
  }, ANNOUNCE_EVERY_MS)
  return async () => {
    clearInterval(timer)
    await saying
    // Without the database the row expires after GONE_AFTER_S.
    await db
      .delete(keyHolders)
      .where(eq(keyHolders.id, host))
      .catch(error =>
        log.warn({ event: 'secrets.keys_not_withdrawn', err: error }, 'keys of this host could not be withdrawn')
      )
  }
}

/** The number of running hosts without a key. */
export const lacking = ({ db }: Pick<Database, 'db'>, key: string): Promise<number> =>
  db.$count(keyHolders, and(not(isGone), sql`not ${keyHolders.keys} @> array[${key}]::text[]`))

const isGone = sql`${keyHolders.seenAt} < now() - make_interval(secs => ${GONE_AFTER_S})`
