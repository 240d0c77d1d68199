import type { Status } from 'channel-kit/chat'

const RANK = { sent: 1, delivered: 2, read: 3 } as const satisfies Partial<Record<Status, number>>

/** Whether a message that has a status may get another: it never goes back, and an error is one only before delivery. */
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
 * How far a message got of which these are all parts: in error as soon as one is, else as far as the least of them. A
 * part that the gateway has under several ids got as far as the best of those.
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
