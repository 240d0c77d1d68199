/** Durations and sizes as a person writes them, on their own so that a command need not load the configuration for them. */

/** The units of a duration. */
export const MILLISECONDS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const

/** The units of an amount of bytes. */
const BYTES = { KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3, TiB: 1024 ** 4 } as const

/** A number, and the unit behind it. */
function amount(text: string): [count: number, unit: string] {
  const [, count = '', unit = ''] = /^([\d.]+)([A-Za-z]*)$/.exec(text) ?? []
  return [Number(count), unit]
}

/** A number without a unit is in seconds. */
export function milliseconds(text: string): number {
  const [count, unit] = amount(text)
  return count * MILLISECONDS[(unit || 's') as keyof typeof MILLISECONDS]
}

/** 0 where there is no limit. */
export function bytes(text: string): number {
  const [count, unit] = amount(text)
  return count * (unit ? BYTES[unit as keyof typeof BYTES] : 1)
}
