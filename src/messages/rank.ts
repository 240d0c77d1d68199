import type { Status } from 'channel-kit/chat'

const RANK = { sent: 1, delivered: 2, read: 3 } as const satisfies Partial<Record<Status, number>>

/** Whether a message that has a status may get another: it never goes back, and an error is one only before delivery. */
export function advances(from: Status | null, to: Status): boolean {
  if (from === 'error') return false
  if (to === 'error') return from === null || from === 'sent'
  return from === null || RANK[to] > RANK[from]
}
