import { eq, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database, Executor } from '../postgres/connect.ts'
import { DEAD_AFTER_S, hosts } from '../postgres/schema/hosts.ts'
import { releaseWebhooksOfDeadHosts } from '../webhook-push/claim.ts'
import { releaseClaimsOfDeadHosts } from './claims.ts'
import { countMediaDeaths } from './deaths.ts'
import type { AboutHost } from './own-load.ts'

/**
 * Heartbeat of each host. A killed host leaves its jobs locked, which graphile-worker would keep so for four hours, and
 * its registrations claimed. So each host saves a heartbeat every few seconds, and frees the jobs and claims of hosts
 * whose heartbeats stopped.
 */

const HEARTBEAT_EVERY_MS = 5_000

interface How {
  log: Pick<FastifyBaseLogger, 'error' | 'warn'>
  about?: AboutHost | undefined
  /** Messages in hand. */
  sending?: () => number
  /** False for a host without jobs, which leaves it to the others to find who has died. */
  judges?: boolean
}

/** Resolves when the first heartbeat is saved. */
export async function startHeartbeat(
  { db }: Pick<Database, 'db'>,
  host: string,
  { log, about, sending = () => 0, judges = true }: How
) {
  const pools = new Map<string, string>()
  let beating = Promise.resolve()
  let savedAt = performance.now()
  /** After a late heartbeat of our own (the database was away), two intervals pass before another host is declared dead. */
  let judgesFrom = savedAt

  const beat = (): Promise<void> => {
    beating = beating
      .then(saveHeartbeat)
      .then(() => (judges ? db.transaction(expireHosts) : undefined))
      .catch(error => log.error({ event: 'host.heartbeat_failed', err: error }, 'heartbeat failed'))
    return beating
  }
  await saveHeartbeat()
  const timer = setInterval(beat, HEARTBEAT_EVERY_MS)

  async function saveHeartbeat(): Promise<void> {
    const { load, ...constant } = about ?? {}
    const row = { pools: [...pools.values()], ...constant, ...(load ? { load: load(sending()) } : {}) }
    await db
      .insert(hosts)
      .values({ id: host, ...row })
      .onConflictDoUpdate({ target: hosts.id, set: { ...row, seenAt: sql`now()` } })
    const sinceLastMs = performance.now() - savedAt
    savedAt += sinceLastMs
    if (sinceLastMs > 2 * HEARTBEAT_EVERY_MS) judgesFrom = savedAt + 2 * HEARTBEAT_EVERY_MS
  }

  async function expireHosts(tx: Executor): Promise<void> {
    if (performance.now() < judgesFrom) return
    const { rows: dead } = await tx.execute<{ id: string }>(sql`
      delete from ${hosts} where seen_at < now() - make_interval(secs => ${DEAD_AFTER_S}) returning id`)
    if (dead.length > 0)
      log.warn({ event: 'host.expired', hosts: dead.map(({ id }) => id) }, 'expired hosts removed, claims released')
    // Locks in the order of CONTRIBUTING.md, "Locks": conversations, registrations, jobs.
    await releaseClaimsOfDeadHosts(tx)
    await releaseWebhooksOfDeadHosts(tx)
    await freeJobs(tx)
  }

  return {
    /** Adds the name under which a runner of this host locks jobs. */
    watch: (runner: string) => async (pool: string) => {
      // An earlier name of the runner is dropped: it has given up, and its locked jobs are free.
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

/** Frees jobs that no living host has locked. A job that was locked just now may be of a host without a heartbeat yet. */
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
