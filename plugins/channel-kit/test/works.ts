/** Work that a pool is given by its test. */

export const where = (text: string) => ({ pid: process.pid, length: text.length, environment: { ...process.env } })

export const cloned = (text: string) => ({ map: new Map([['length', text.length]]), nothing: undefined })

export function endless(text: string): number {
  let count = 0
  while (text) count += 1
  return count
}

export function greedy(text: string): unknown {
  const kept: string[][] = []
  while (text) kept.push([...text])
  return kept
}

export function broken(text: string): string {
  throw new Error(`broken: ${text.length}`)
}

export function busy(text: string, ms: number): number {
  const end = performance.now() + ms
  while (performance.now() < end) text.at(0)
  return text.length
}
