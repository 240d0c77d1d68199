import { readdir, readFile } from 'node:fs/promises'

/** What processes cost, as Linux counts it. */

/** The unit of /proc; 100 on every Linux that Node runs on. */
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
