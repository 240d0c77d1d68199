/** How times are spread, in milliseconds. */
export interface Spread {
  count: number
  p50: number
  p95: number
  p99: number
  most: number
}

export function spreadOf(times: Iterable<number>): Spread {
  const sorted = Float64Array.from(times).sort()
  const at = (share: number) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0)
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), most: at(1) }
}

export const round = (value: number, digits = 2): number => Math.round(value * 10 ** digits) / 10 ** digits
