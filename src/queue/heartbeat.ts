import { eq, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database, Executor } from '../postgres/connect.ts'
import { hosts } from '../postgres/schema/schema.ts'
import { releaseClaimsOfDeadHosts } from './claims.ts'
import { countMediaDeaths } from './deaths.ts'

/**
 * A host that is killed leaves jobs locked, which the queue would keep so for
 * four hours, and registrations that nobody else works on. So each host says
 * every few seconds that it lives, and frees what belongs to those that have
 * stopped saying so.
 */

const EVERY_MS = 5_000
const DEAD_AFTER_S = 15

/** Resolves when the other hosts know of this one. */
export async function startHeartbeat({ db }: Pick<Database, 'db'>, host: string, log: FastifyBaseLogger) {
  const pools = new Map<string, string>()
  let beating = Promise.resolve()
  let spokeAt = performance.now()
  /** Who could not speak itself, the database being away, gives the others time to speak again before it takes them for dead. */
  let judgesFrom = spokeAt

  const beat = (): Promise<void> => {
    beating = beating
      .then(sayAlive)
      .then(() => db.transaction(free))
      .catch(error => log.error({ event: 'host.heartbeat_failed', err: error }, 'heartbeat failed'))
    return beating
  }
  await sayAlive()
  const timer = setInterval(beat, EVERY_MS)

  async function sayAlive(): Promise<void> {
    await db
      .insert(hosts)
      .values({ id: host, pools: [...pools.values()] })
      .onConflictDoUpdate({ target: hosts.id, set: { pools: [...pools.values()], seenAt: sql`now()` } })
    const silentMs = performance.now() - spokeAt
    spokeAt += silentMs
    if (silentMs > 2 * EVERY_MS) judgesFrom = spokeAt + 2 * EVERY_MS
  }

  async function free(tx: Executor): Promise<void> {
    if (performance.now() < judgesFrom) return
    const { rows: dead } = await tx.execute<{ id: string }>(sql`
      delete from ${hosts} where seen_at < now() - make_interval(secs => ${DEAD_AFTER_S}) returning id`)
    if (dead.length > 0)
      log.warn({ event: 'host.expired', hosts: dead.map(({ id }) => id) }, 'expired hosts removed, claims released')
    // Conversations, registrations and then jobs, as everybody locks them.
    await releaseClaimsOfDeadHosts(tx)
    await freeJobs(tx)
  }

  return {
    /** Says under which name a runner of this host locks jobs. */
    watch: (runner: string) => async (pool: string) => {
      // The one before, if any, has given up: what it left locked belongs to nobody.
      pools.set(runner, pool)
      await beat()
    },
    async stop(): Promise<void> {
      clearInterval(timer)
      await beating
      await db.delete(hosts).where(eq(hosts.id, host))
    }
  }
}

/** Jobs locked by nobody that lives. One that was locked just now may be of a host that has not said its name yet. */
async function freeJobs(tx: Executor): Promise<void> {
  const { rows } = await tx.execute<{ lockedBy: string; key: string | null }>(sql`
    select locked_by "lockedBy", key from graphile_worker.jobs
    where locked_at < now() - make_interval(secs => ${DEAD_AFTER_S})
      and not exists (select from ${hosts} where locked_by = any(${hosts.pools}))`)
  if (rows.length === 0) return
  await countMediaDeaths(
    tx,
    rows.map(({ key }) => key)
  )
  const workers = JSON.stringify([...new Set(rows.map(({ lockedBy }) => lockedBy))])
  await tx.execute(sql`
    select graphile_worker.force_unlock_workers(array(select json_array_elements_text(${workers}::json)))`)
}
