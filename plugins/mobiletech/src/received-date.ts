/** The gateway's clock: no zone in the value, and Slovakia's is the likely one. */
export const ZONE = 'Europe/Bratislava'

/** A little ahead is a clock that is not exact. */
const TOLERANCE_MS = 60_000

/**
 * Reads `YYMMDDhhmmss` with or without tenths of a second. A message is never
 * refused for its date: what cannot be read, or lies ahead, is none.
 */
export function receivedDate(written: string, now: Date): Date | undefined {
  const [, yy, month, day, hour, minute, second, tenth = '0'] =
    /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d)?$/.exec(written.trim()) ?? []
  if (yy === undefined) return undefined
  const local = new Date(`20${yy}-${month}-${day}T${hour}:${minute}:${second}.${tenth}00Z`)
  // The 31st of June is rolled on by Date, and is no date of a gateway.
  if (Number.isNaN(local.getTime()) || local.getUTCDate() !== Number(day)) return undefined

  const at = new Date(local.getTime() - offsetMs(new Date(local.getTime() - offsetMs(local))))
  return at.getTime() > now.getTime() + TOLERANCE_MS ? undefined : at
}

/** ISO 8601 with the offset of the gateway's zone, as a template shows it. */
export function localTime(at: Date): string {
  const offset = offsetMs(at) / 60_000
  const local = new Date(at.getTime() + offset * 60_000).toISOString().slice(0, 19)
  return `${local}+${String(offset / 60).padStart(2, '0')}:00`
}

const PARTS = new Intl.DateTimeFormat('en-US', { timeZone: ZONE, timeZoneName: 'longOffset' })

/** Whole hours east of Greenwich, by the rules of the zone. */
function offsetMs(at: Date): number {
  const name = PARTS.formatToParts(at).find(({ type }) => type === 'timeZoneName')?.value ?? ''
  return Number(/GMT\+(\d\d):00/.exec(name)?.[1] ?? 0) * 3_600_000
}
