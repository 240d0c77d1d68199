import { sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Meter } from '../metrics/meter.ts'
import type { Database } from '../postgres/connect.ts'
import { traffic } from '../postgres/schema/traffic.ts'
import { type Retention, retentionCrons } from '../queue/retention-schedule.ts'

/**
 * Traffic for charts: each host counts in memory, by registration and minute, and adds its counts to those of the others every
 * few seconds and when it closes. So nothing is written for a message, and a host that is killed loses ten seconds of a chart.
 */

const SAVE_EVERY_MS = 10_000
const MINUTE_MS = 60_000
/** Rows that a host keeps while the database is away; further counts are lost. */
const MOST_KEPT = 50_000
/** Rows of one statement. */
const MOST_TOGETHER = 1_000

export const TRAFFIC = ['accepted', 'sent', 'failed', 'received'] as const

export type TrafficCounts = Record<(typeof TRAFFIC)[number], number>

interface Row extends TrafficCounts {
  registration: number
  minute: string
}

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
  log: Pick<FastifyBaseLogger, 'warn'>
}

export function countTraffic({ database: { db }, now, log }: Deps) {
  let rows = new Map<string, Row>()
  let saving = Promise.resolve()
  const timer = setInterval(() => void save(), SAVE_EVERY_MS).unref()

  function count(registration: number, what: keyof TrafficCounts, messages: number): void {
    if (messages > 0) add(registration, minuteOf(now()), { ...NONE, [what]: messages })
  }

  function add(registration: number, minute: string, counts: TrafficCounts): void {
    const key = `${minute} ${registration}`
    const row = rows.get(key)
    if (!row) {
      if (rows.size < MOST_KEPT) rows.set(key, { registration, minute, ...counts })
      return
    }
    for (const what of TRAFFIC) row[what] += counts[what]
  }

  function save(): Promise<void> {
    saving = saving.then(async () => {
      const taken = [...rows.values()]
      rows = new Map()
      for (let from = 0; from < taken.length; from += MOST_TOGETHER)
        await write(taken.slice(from, from + MOST_TOGETHER)).catch(error => {
          for (const { registration, minute, ...counts } of taken.slice(from, from + MOST_TOGETHER))
            add(registration, minute, counts)
          log.warn({ event: 'traffic.not_saved', err: error }, 'counts for charts could not be saved; tried again')
        })
    })
    return saving
  }

  /** In the order of the rows, so that two hosts wait for each other in no circle. A registration may have been removed meanwhile. */
  async function write(some: readonly Row[]): Promise<void> {
    await db.execute(sql`
      insert into ${traffic} (registration_id, minute, accepted, sent, failed, received)
      select g.* from json_to_recordset(${JSON.stringify(some)}::json) as g(
        registration bigint, minute timestamptz, accepted int, sent int, failed int, received int)
      where exists (select from registrations r where r.id = g.registration)
      order by g.registration, g.minute
      on conflict (registration_id, minute) do update set accepted = traffic.accepted + excluded.accepted,
        sent = traffic.sent + excluded.sent, failed = traffic.failed + excluded.failed,
        received = traffic.received + excluded.received`)
  }

  return {
    /** The meter that counts for the charts too. */
    on: (meter: Meter): Meter => ({
      ...meter,
      accepted(registrationId, lane, messages = 1) {
        meter.accepted(registrationId, lane, messages)
        count(registrationId, 'accepted', messages)
      },
      settled(registrationId, state, messages = 1) {
        meter.settled(registrationId, state, messages)
        count(registrationId, state === 'accepted' ? 'sent' : 'failed', messages)
      },
      undelivered(registrationId) {
        meter.undelivered(registrationId)
        count(registrationId, 'failed', 1)
      },
      received(registrationId) {
        meter.received(registrationId)
        count(registrationId, 'received', 1)
      }
    }),
    save,
    async close(): Promise<void> {
      clearInterval(timer)
      await save()
    }
  }
}

const NONE: TrafficCounts = { accepted: 0, sent: 0, failed: 0, received: 0 }

const minuteOf = (at: Date) => new Date(Math.floor(at.getTime() / MINUTE_MS) * MINUTE_MS).toISOString()

/** A day, and the hour that a chart of it may begin earlier. */
const KEPT_MS = 25 * 3_600_000

export const trafficCrons = ({
  database: { db },
  ...how
}: Omit<Retention, 'keepMs'> & { database: Pick<Database, 'db'> }) =>
  retentionCrons(
    { keepMs: KEPT_MS, ...how },
    {
      name: 'retention of traffic',
      pattern: '47 * * * *',
      what: 'counts for charts of the day before',
      remove: async before => {
        const { rowCount } = await db.execute(
          sql`delete from ${traffic} where minute < ${before.toISOString()}::timestamptz`
        )
        return { traffic: rowCount ?? 0 }
      }
    }
  )
