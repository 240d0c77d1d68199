import { eq, inArray, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../database/connect.ts'
import { runners } from '../database/schema.ts'

/**
 * A host that is killed leaves its jobs locked, and the queue would give them
 * up after four hours. So each runner says every few seconds that it lives, and
 * each host frees the jobs of those that have stopped saying so.
 */

const EVERY_MS = 5_000
const DEAD_AFTER_S = 15

export type Liveness = ReturnType<typeof startLiveness>

export function startLiveness({ db }: Pick<Database, 'db'>, log: FastifyBaseLogger) {
  const pools = new Set<string>()
  let beating = Promise.resolve()

  const beat = () => {
    beating = beating
      .then(sayAlive)
      .then(freeJobsOfTheDead)
      .catch(error => log.error({ err: error }, 'the runners could not be checked'))
  }
  const timer = setInterval(beat, EVERY_MS)

  async function sayAlive(): Promise<void> {
    if (pools.size === 0) return
    await db
      .insert(runners)
      .values([...pools].map(pool => ({ pool })))
      .onConflictDoUpdate({ target: runners.pool, set: { seenAt: sql`now()` } })
  }

  /** A runner that is too young to have said anything has no job older than that either. */
  async function freeJobsOfTheDead(): Promise<void> {
    const silent = sql`now() - make_interval(secs => ${DEAD_AFTER_S})`
    const dead = await db.execute<{ pool: string }>(sql`
      select distinct job.locked_by pool from graphile_worker.jobs job
      where job.locked_at < ${silent}
        and not exists (select from ${runners} where ${runners.pool} = job.locked_by and ${runners.seenAt} > ${silent})`)
    if (dead.length === 0) return

    const pools = dead.map(({ pool }) => pool)
    log.warn({ pools }, 'freeing the jobs of runners that stopped without a word')
    await db.execute(
      sql`select graphile_worker.force_unlock_workers(array(select json_array_elements_text(${JSON.stringify(pools)}::json)))`
    )
    await db.delete(runners).where(inArray(runners.pool, pools))
  }

  return {
    /** Counts a runner of this host as alive from now on. */
    watch(pool: string): void {
      pools.add(pool)
      beat()
    },
    async stop(): Promise<void> {
      clearInterval(timer)
      await beating
      for (const pool of pools) await db.delete(runners).where(eq(runners.pool, pool))
    }
  }
}
