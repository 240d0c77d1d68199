import type { Status } from 'channel-kit/chat'
import type { Cost } from 'channel-kit/event'
import type { Part } from 'channel-kit/outcome'
import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { messageParts } from '../postgres/schema/messages.ts'

/** Parts of messages that the gateway did not take whole at once. */

export interface KnownPart extends Part {
  status: Status | null
  code?: string | null
  cost?: Cost | null
}

export interface PartRow extends Part {
  registrationId: number
  messageId: number
  status?: Status | null
  code?: string | null
  cost?: Cost | null
}

/** Saves parts; a part may have several refs. `statuses`: the statuses of existing rows are replaced. A code and a price that are known stay. */
export async function writeParts(tx: Executor, rows: readonly PartRow[], { statuses }: { statuses: boolean }) {
  if (rows.length === 0) return
  const kept = sql`case when ${messageParts.dropped} then excluded.status else ${messageParts.status} end`
  await tx
    .insert(messageParts)
    .values([...rows])
    .onConflictDoUpdate({
      target: [messageParts.messageId, messageParts.part, messageParts.ref],
      set: {
        status: statuses ? sql`excluded.status` : kept,
        code: sql`coalesce(excluded.code, ${messageParts.code})`,
        cost: sql`coalesce(excluded.cost, ${messageParts.cost})`,
        dropped: false
      }
    })
}

export async function partsOf(tx: Executor, messageIds: readonly number[]): Promise<Map<number, KnownPart[]>> {
  const parts = new Map<number, KnownPart[]>(messageIds.map(id => [id, []]))
  if (messageIds.length === 0) return parts
  const rows = await tx
    .select()
    .from(messageParts)
    .where(and(inArray(messageParts.messageId, [...messageIds]), eq(messageParts.dropped, false)))
    .orderBy(asc(messageParts.messageId), asc(messageParts.part), asc(messageParts.ref))
  for (const { messageId, part, ref, status, code, cost } of rows)
    parts.get(messageId)?.push({ part, ref, status, code, cost })
  return parts
}

/** Parts as a channel gets them: each part once. */
export const sentOf = (parts: readonly Part[]): Part[] => [
  ...new Map(parts.map(({ part, ref }) => [part, { part, ref }])).values()
]

/** True if these are all parts of a message with so many. */
export const isWhole = (parts: readonly Part[], count: number | null | undefined): boolean =>
  typeof count === 'number' && new Set(parts.map(({ part }) => part)).size >= count
