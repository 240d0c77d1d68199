/** Milliseconds of this thread's own time that some work takes, the best of a few: a busy machine does not count. */
export function cpuOf(work: () => unknown, runs = 3): number {
  const times = Array.from({ length: runs }, () => {
    const before = process.threadCpuUsage()
    work()
    const { user, system } = process.threadCpuUsage(before)
    return (user + system) / 1_000
  })
  return Math.min(...times)
}

/** Exactly so long, of a text again and again. */
export const repeated = (text: string, length: number) => text.repeat(Math.ceil(length / text.length)).slice(0, length)
