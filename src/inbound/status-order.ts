import type { Status } from 'channel-kit/chat'

const RANK = { sent: 1, delivered: 2, read: 3 } as const satisfies Partial<Record<Status, number>>

/** A status may follow another one if it is progress: it never goes back, and an error counts only before delivery. */
export function isProgress(from: Status | null, to: Status): boolean {
  if (from === 'error') return false
  if (to === 'error') return from === null || from === 'sent'
  return from === null || RANK[to] > RANK[from]
}

export interface PartStatus {
  part: number
  status: Status | null
}

/**
 * Status of a message by all of its parts: error as soon as one part is in error, otherwise the lowest of its parts. A
 * part with several refs has the best status of these.
 */
export function wholeStatus(parts: readonly PartStatus[]): Status | null {
  const best = new Map<number, Status | null>()
  for (const { part, status } of parts) best.set(part, better(best.get(part) ?? null, status))
  const all = [...best.values()]
  if (all.includes('error')) return 'error'
  return all.reduce((least, status) => (order(status) < order(least) ? status : least), all[0] ?? null)
}

const better = (one: Status | null, other: Status | null) => (order(other) > order(one) ? other : one)

const order = (status: Status | null) => ORDER.indexOf(status)
const ORDER: readonly (Status | null)[] = [null, 'error', 'sent', 'delivered', 'read']
