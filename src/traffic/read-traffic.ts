import { and, eq, gte, lt, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { traffic } from '../postgres/schema/traffic.ts'
import { TRAFFIC, type TrafficCounts } from './count-traffic.ts'

/** Traffic as charts show it. */

/** Points of a chart, and the seconds of each. */
const WINDOWS = { hour: { step: 60, points: 60 }, day: { step: 900, points: 96 } } as const

export type TrafficPoint = TrafficCounts & { at: Date }

interface Wanted {
  window: keyof typeof WINDOWS
  registrationId?: number | undefined
  channel?: string | undefined
}

/** A point for each step up to now, the last of which is not over; those of which nothing is known are zeros. */
export async function trafficOf(
  tx: Executor,
  { window, registrationId, channel }: Wanted,
  now: Date
): Promise<{ step: number; points: TrafficPoint[] }> {
  const { step, points } = WINDOWS[window]
  const stepMs = step * 1_000
  const first = (Math.floor(now.getTime() / stepMs) - points + 1) * stepMs
  const number = sql<number>`floor((extract(epoch from ${traffic.minute}) - ${first / 1_000}) / ${step})::int`
  const rows = await tx
    .select({ number, ...SUMS })
    .from(traffic)
    .where(
      and(
        gte(traffic.minute, new Date(first)),
        registrationId === undefined ? undefined : eq(traffic.registrationId, registrationId),
        channel === undefined
          ? undefined
          : sql`${traffic.registrationId} = any(array(select id from ${registrations} where channel = ${channel}))`
      )
    )
    .groupBy(sql`1`)
  const known = new Map(rows.map(({ number, ...counts }) => [number, counts]))
  return {
    step,
    points: Array.from({ length: points }, (_, index) => ({
      at: new Date(first + index * stepMs),
      ...(known.get(index) ?? NOTHING)
    }))
  }
}

/** TrafficCounts of the last whole minute by registration; those without any are left out. */
export async function lastMinutes(
  tx: Executor,
  { registrationId }: Pick<Wanted, 'registrationId'>,
  now: Date
): Promise<Map<number, TrafficCounts>> {
  const end = Math.floor(now.getTime() / 60_000) * 60_000
  const rows = await tx
    .select({ id: traffic.registrationId, ...SUMS })
    .from(traffic)
    .where(
      and(
        gte(traffic.minute, new Date(end - 60_000)),
        lt(traffic.minute, new Date(end)),
        registrationId === undefined ? undefined : eq(traffic.registrationId, registrationId)
      )
    )
    .groupBy(traffic.registrationId)
  return new Map(rows.map(({ id, ...counts }) => [id, counts]))
}

export const NOTHING: TrafficCounts = { accepted: 0, sent: 0, failed: 0, received: 0 }

export const sumOf = (all: readonly TrafficCounts[]): TrafficCounts =>
  Object.fromEntries(TRAFFIC.map(what => [what, all.reduce((sum, one) => sum + one[what], 0)])) as TrafficCounts

const SUMS = {
  accepted: sql<number>`sum(${traffic.accepted})::int`,
  sent: sql<number>`sum(${traffic.sent})::int`,
  failed: sql<number>`sum(${traffic.failed})::int`,
  received: sql<number>`sum(${traffic.received})::int`
}
