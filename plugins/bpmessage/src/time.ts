import { typed } from 'channel-kit/typed'

/** Times as the gateway reads them: on the wall clock of a zone. */

interface Wall {
  year: string
  month: string
  day: string
  hour: string
  minute: string
  second: string
}

/** Making one takes longer than all else that is done to a message, and a host has few zones. */
const formats = new Map<string, Intl.DateTimeFormat>()

function formatOf(zone: string): Intl.DateTimeFormat {
  const made =
    formats.get(zone) ??
    new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
      second: '2-digit'
    })
  formats.set(zone, made)
  return made
}

function wall(at: Date, zone: string): Wall {
  const parts = formatOf(zone).formatToParts(at)
  return Object.fromEntries(parts.map(({ type, value }) => [type, value])) as unknown as Wall
}

/** `2026-06-16T09:00:00.123-03:00`. */
export function zoned(at: Date, zone: string): string {
  const { year, month, day, hour, minute, second } = wall(at, zone)
  const minutes = offsetMinutes(at, zone)
  const [hours, rest] = [Math.floor(Math.abs(minutes) / 60), Math.abs(minutes) % 60].map(two)
  const millisecond = String(at.getUTCMilliseconds()).padStart(3, '0')
  return `${year}-${month}-${day}T${hour}:${minute}:${second}.${millisecond}${minutes < 0 ? '-' : '+'}${hours}:${rest}`
}

/** `2026-06-16 09:00:00`. */
export function spoken(at: Date, zone: string): string {
  const { year, month, day, hour, minute, second } = wall(at, zone)
  return `${year}-${month}-${day} ${hour}:${minute}:${second}`
}

/** `202606`: the month whose quota counts. */
export function quotaMonth(at: Date, zone: string): string {
  const { year, month } = wall(at, zone)
  return `${year}${month}`
}

const WRITTEN = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(:\d\d)?$/

/** The moment that an agent wrote as a time of the zone, `2026-06-16 09:00`; undefined when it is none. */
export function moment(text: string, zone: string): Date | undefined {
  const [, date, time, seconds = ':00'] = WRITTEN.exec(typed(text)) ?? []
  const asUtc = new Date(`${date}T${time}${seconds}Z`)
  if (Number.isNaN(asUtc.getTime()) || !asUtc.toISOString().startsWith(`${date}T`)) return undefined
  // Twice, since the first guess may lie on the other side of a change of the clock.
  const guess = new Date(asUtc.getTime() - offsetMinutes(asUtc, zone) * MINUTE_MS)
  return new Date(asUtc.getTime() - offsetMinutes(guess, zone) * MINUTE_MS)
}

export function isZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en-US', { timeZone: zone })
    return true
  } catch {
    return false
  }
}

const MINUTE_MS = 60_000
const two = (number: number) => String(number).padStart(2, '0')

function offsetMinutes(at: Date, zone: string): number {
  const { year, month, day, hour, minute, second } = wall(at, zone)
  const shown = Date.UTC(+year, +month - 1, +day, +hour, +minute, +second)
  return Math.round((shown - Math.floor(at.getTime() / 1_000) * 1_000) / MINUTE_MS)
}
