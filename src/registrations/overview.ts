import { and, eq, isNull, sql } from 'drizzle-orm'
import type { RuntimeOf } from '../channels/call-channel.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { messages } from '../postgres/schema/messages.ts'
import { outbox } from '../postgres/schema/outbox.ts'
import type { TrafficCounts } from '../traffic/count-traffic.ts'
import { lastMinutes, NOTHING, sumOf } from '../traffic/read-traffic.ts'
import { type FoundRegistration, findRegistrations } from './list.ts'
import { type LivingHost, livingHosts } from './living-hosts.ts'
import { missingSettings } from './missing-settings.ts'

/** The first things that an operator sees: hosts, channels, and the registrations that need attention. */

export interface Waiting {
  count: number
  /** Messages whose time is still to come. */
  scheduled: number
  /** The time since when the oldest one waits that is not scheduled. */
  oldestAt: Date | null
}

export interface SeenRegistration extends FoundRegistration {
  /** Why its settings are not complete. */
  missing: string | null
  waiting: { normal: Waiting; bulk: Waiting }
  crm: Waiting
  lastMinute: TrafficCounts
}

interface Deps {
  database: Pick<Database, 'db'>
  ready: RuntimeOf
  now: () => Date
  /** Reads within the time of a search. */
  searching: <Result>(database: Pick<Database, 'db'>, read: (tx: Executor) => Promise<Result>) => Promise<Result>
}

export interface Seen {
  at: Date
  /** All registrations are in it. */
  isWhole: boolean
  hosts: LivingHost[]
  registrations: SeenRegistration[]
}

const EMPTY: Waiting = { count: 0, scheduled: 0, oldestAt: null }
/** Settings change rarely, and to judge those of all registrations takes a while. */
const JUDGED_FOR_MS = 30_000
/** A registration counts as one that needs attention when something waits for so long. */
const LATE_MS = 60_000

export function createOverview({ database, ready, now, searching }: Deps) {
  const judged = new Map<number, { missing: string | null; until: number }>()

  async function missingOf(id: number): Promise<string | null> {
    const known = judged.get(id)
    if (known && known.until > performance.now()) return known.missing
    const missing = await missingSettings(ready, id)
    judged.set(id, { missing, until: performance.now() + JUDGED_FOR_MS })
    return missing
  }

  /** Reads one registration, or all. */
  return async (registrationId?: number): Promise<Seen> => {
    const at = now()
    const read = await searching(database, async tx => ({
      rows: await findRegistrations({ db: tx }, at, { id: registrationId }),
      waiting: await waitingMessages(tx, registrationId),
      items: await waitingItems(tx, registrationId),
      minutes: await lastMinutes(tx, { registrationId }, at),
      hosts: registrationId === undefined ? await livingHosts(tx) : []
    }))
    const known = new Set(read.rows.map(({ id }) => id))
    if (registrationId === undefined) for (const id of judged.keys()) if (!known.has(id)) judged.delete(id)
    const seen: SeenRegistration[] = []
    for (const row of read.rows)
      seen.push({
        ...row,
        missing: await missingOf(row.id),
        waiting: {
          normal: read.waiting.get(`${row.id} normal`) ?? EMPTY,
          bulk: read.waiting.get(`${row.id} bulk`) ?? EMPTY
        },
        crm: read.items.get(row.id) ?? EMPTY,
        lastMinute: read.minutes.get(row.id) ?? NOTHING
      })
    return { at, isWhole: registrationId === undefined, hosts: read.hosts, registrations: seen }
  }
}

/** The database's clock counts, as for `notBefore` everywhere. */
const SCHEDULED = sql`${messages.notBefore} > now()`

async function waitingMessages(tx: Executor, id: number | undefined): Promise<Map<string, Waiting>> {
  const rows = await tx
    .select({
      id: messages.registrationId,
      bulk: messages.bulk,
      count: sql<number>`count(*)::int`,
      scheduled: sql<number>`count(*) filter (where ${SCHEDULED})::int`,
      oldestAt:
        sql`min(greatest(${messages.createdAt}, ${messages.notBefore})) filter (where ${SCHEDULED} is not true)`.mapWith(
          messages.createdAt
        )
    })
    .from(messages)
    .where(and(isNull(messages.settledAt), id === undefined ? undefined : eq(messages.registrationId, id)))
    .groupBy(messages.registrationId, messages.bulk)
  return new Map(rows.map(({ id, bulk, ...waiting }) => [`${id} ${bulk ? 'bulk' : 'normal'}`, waiting]))
}

async function waitingItems(tx: Executor, id: number | undefined): Promise<Map<number, Waiting>> {
  const rows = await tx
    .select({
      id: outbox.registrationId,
      count: sql<number>`count(*)::int`,
      scheduled: sql<number>`0`,
      oldestAt: sql`min(${outbox.createdAt})`.mapWith(outbox.createdAt)
    })
    .from(outbox)
    .where(and(isNull(outbox.settledAt), id === undefined ? undefined : eq(outbox.registrationId, id)))
    .groupBy(outbox.registrationId)
  return new Map(rows.map(({ id, ...waiting }) => [id, waiting]))
}

/** Several counts of what waits as one. */
const together = (all: readonly Waiting[]): Waiting => ({
  count: all.reduce((sum, { count }) => sum + count, 0),
  scheduled: all.reduce((sum, { scheduled }) => sum + scheduled, 0),
  oldestAt: all.reduce<Date | null>(
    (oldest, { oldestAt }) => (oldestAt && (!oldest || oldestAt < oldest) ? oldestAt : oldest),
    null
  )
})

/** The first are those that need attention: paused, incomplete, with something that waits for long; the longest wait first. */
export function byAttention({ registrations, at }: Pick<Seen, 'registrations' | 'at'>): SeenRegistration[] {
  const ranked = registrations.map(row => {
    const oldest = together([row.waiting.normal, row.waiting.bulk, row.crm]).oldestAt?.getTime() ?? Number.MAX_VALUE
    const needs = row.archivedAt === null && (row.pauses.length > 0 || row.missing !== null)
    return { row, oldest, rank: needs || oldest < at.getTime() - LATE_MS ? 0 : row.archivedAt === null ? 1 : 2 }
  })
  return ranked.sort((a, b) => a.rank - b.rank || a.oldest - b.oldest || a.row.id - b.row.id).map(({ row }) => row)
}

export interface SeenChannel {
  channel: string
  registrations: number
  paused: number
  incomplete: number
  archived: number
  waiting: { normal: Waiting; bulk: Waiting }
  outbox: Waiting
  lastMinute: TrafficCounts
}

/** By name; those that have no registration are there as well. */
export function byChannel(registrations: readonly SeenRegistration[], mounted: readonly string[]): SeenChannel[] {
  const groups = Map.groupBy(registrations, ({ channel }) => channel)
  return [...new Set([...mounted, ...groups.keys()])].sort().map(channel => {
    const rows = groups.get(channel) ?? []
    const living = rows.filter(({ archivedAt }) => archivedAt === null)
    return {
      channel,
      registrations: rows.length,
      paused: living.filter(({ pauses }) => pauses.length > 0).length,
      incomplete: living.filter(({ missing }) => missing !== null).length,
      archived: rows.length - living.length,
      waiting: {
        normal: together(rows.map(({ waiting }) => waiting.normal)),
        bulk: together(rows.map(({ waiting }) => waiting.bulk))
      },
      outbox: together(rows.map(({ crm }) => crm)),
      lastMinute: sumOf(rows.map(({ lastMinute }) => lastMinute))
    }
  })
}
