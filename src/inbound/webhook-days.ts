import { lt, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database } from '../postgres/connect.ts'
import { webhookDays } from '../postgres/schema/webhooks.ts'

/** Bytes that each registration's calls take of the disk in a day, over all hosts, and the number of calls not kept. */

export type WebhookDays = ReturnType<typeof createWebhookDays>

interface Deps {
  database: Pick<Database, 'db'>
  /** Bytes of a registration; 0: no limit. */
  perDay: number
  now: () => Date
  log: Pick<FastifyBaseLogger, 'warn'>
}

/**
 * Counts are saved together, since an update for each call would cost more than to keep the call. So much may be kept too
 * much: what all hosts take in that time.
 */
const SAVE_EVERY_MS = 5_000

interface Day {
  date: string
  /** The sums of all hosts, as the database last had them. */
  saved: number
  /** Not saved yet. */
  bytes: number
  refused: number
  unkept: number
  isFull: boolean
}

export function createWebhookDays({ database, perDay, now, log }: Deps) {
  const days = new Map<number, Day>()
  let timer: NodeJS.Timeout | undefined
  let saving: Promise<void> = Promise.resolve()

  const dayOf = (registrationId: number): Day => {
    const date = dateOf(now())
    const known = days.get(registrationId)
    if (known?.date === date) return known
    // Counts that yesterday left unsaved are added to today's; they are seconds' worth.
    const { bytes = 0, refused = 0, unkept = 0 } = known ?? {}
    const day: Day = { date, saved: 0, bytes, refused, unkept, isFull: false }
    days.set(registrationId, day)
    return day
  }

  async function save(): Promise<void> {
    timer = undefined
    const unsaved = [...days].filter(([, { bytes, refused, unkept }]) => bytes + refused + unkept > 0)
    if (unsaved.length === 0) return
    const rows = unsaved.map(([registration, { date, bytes, refused, unkept }]) => ({
      registration,
      day: date,
      bytes,
      refused,
      unkept
    }))
    for (const [, day] of unsaved) Object.assign(day, { bytes: 0, refused: 0, unkept: 0, saved: day.saved + day.bytes })
    try {
      const totals = await add(database, rows)
      for (const [registration, total] of totals) Object.assign(days.get(registration) ?? {}, { saved: total })
    } catch {
      // A database that is away gets them the next time.
      for (const [index, [, day]] of unsaved.entries()) giveBack(day, rows[index])
      later()
    }
  }

  const later = () => {
    timer ??= setTimeout(() => {
      saving = save()
    }, SAVE_EVERY_MS).unref()
  }

  return {
    /** Counts a call that is to be kept. False: there is no room for it, and it is counted as that. */
    take(registrationId: number, bytes: number): boolean {
      const day = dayOf(registrationId)
      later()
      if (perDay === 0 || day.saved + day.bytes + bytes <= perDay) {
        day.bytes += bytes
        return true
      }
      day.unkept += 1
      if (!day.isFull)
        log.warn(
          { event: 'inbound.webhooks_unkept', registration: registrationId },
          'calls of the gateway take all the place that they may today; they are read, and not kept'
        )
      day.isFull = true
      return false
    },

    /** Counts a call that its channel did not take for genuine. Nothing of it is kept: anybody can make one. */
    refuse(registrationId: number): void {
      dayOf(registrationId).refused += 1
      later()
    },

    async close(): Promise<void> {
      clearTimeout(timer)
      await saving
      await save()
      clearTimeout(timer)
    }
  }
}

const dateOf = (time: Date) => time.toISOString().slice(0, 10)

interface Counts {
  registration: number
  day: string
  bytes: number
  refused: number
  unkept: number
}

const giveBack = (day: Day, counts: Counts | undefined) => {
  const { bytes = 0, refused = 0, unkept = 0 } = counts ?? {}
  Object.assign(day, {
    saved: day.saved - bytes,
    bytes: day.bytes + bytes,
    refused: day.refused + refused,
    unkept: day.unkept + unkept
  })
}

/** Adds counts to those of all hosts; in one order, so that nobody waits in a circle. Answers the bytes that there are now. */
async function add({ db }: Pick<Database, 'db'>, rows: readonly Counts[]): Promise<Map<number, number>> {
  const { rows: totals } = await db.execute<{ registration: string; bytes: string }>(sql`
    insert into ${webhookDays} (registration_id, day, bytes, refused, unkept)
    select registration, day, bytes, refused, unkept
    from json_to_recordset(${JSON.stringify(rows)}::json) as given(registration bigint, day date, bytes bigint, refused int, unkept int)
    order by registration
    on conflict (registration_id, day) do update set bytes = ${webhookDays.bytes} + excluded.bytes,
      refused = ${webhookDays.refused} + excluded.refused, unkept = ${webhookDays.unkept} + excluded.unkept
    returning registration_id registration, bytes`)
  return new Map(totals.map(({ registration, bytes }) => [Number(registration), Number(bytes)]))
}

export const removeDays = ({ db }: Pick<Database, 'db'>, before: Date) =>
  db.delete(webhookDays).where(lt(webhookDays.day, dateOf(before)))
