import { asc, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { DEAD_AFTER_S, hosts } from '../postgres/schema/hosts.ts'

/** Hosts whose heartbeat came lately. One without workers beside it removes no other, so that rows of dead ones may stay. */

/** More are no list for people. */
const MOST = 200

export type LivingHost = Awaited<ReturnType<typeof livingHosts>>[number]

export const livingHosts = (tx: Executor) =>
  tx
    .select({
      id: hosts.id,
      version: hosts.version,
      roles: hosts.roles,
      startedAt: hosts.startedAt,
      seenAt: hosts.seenAt,
      load: hosts.load
    })
    .from(hosts)
    .where(sql`${hosts.seenAt} > now() - make_interval(secs => ${DEAD_AFTER_S})`)
    .orderBy(asc(hosts.startedAt), asc(hosts.id))
    .limit(MOST)
