import { readdir, readFile } from 'node:fs/promises'

/** Milliseconds of the machine's own clock, the same in all of its processes. */
export const clock = (): number => Number(process.hrtime.bigint()) / 1e6

/** Percentiles of durations, in milliseconds. */
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

/** The unit of times in /proc: 100 on every Linux that Node runs on. */
const TICKS_A_SECOND = 100

interface Stat {
  pid: number
  parent: number
  /** Milliseconds of the processor, of its own and of children that ended. */
  own: number
  children: number
}

async function statOf(pid: number): Promise<Stat | undefined> {
  const line = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (!line) return undefined
  // The name, in brackets, may hold anything.
  const fields = line.slice(line.lastIndexOf(')') + 2).split(' ')
  const ms = (from: number) => ((Number(fields[from]) + Number(fields[from + 1])) * 1_000) / TICKS_A_SECOND
  return { pid, parent: Number(fields[1]), own: ms(11), children: ms(13) }
}

/** Milliseconds of the processor that these processes have used so far, and that theirs have. */
export async function cpuOf(pids: readonly number[]): Promise<number> {
  const numbers = (await readdir('/proc')).filter(name => /^\d+$/.test(name)).map(Number)
  const stats = (await Promise.all(numbers.map(statOf))).filter(stat => stat !== undefined)
  return stats
    .filter(({ pid, parent }) => pids.includes(pid) || pids.includes(parent))
    .reduce((sum, stat) => sum + stat.own + (pids.includes(stat.pid) ? stat.children : 0), 0)
}

/** MiB of memory that a process has resident. */
export async function memoryOf(pid: number): Promise<number> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
  return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024
}
