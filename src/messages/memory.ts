import type { MessageEvent } from 'channel-kit/event'
import { sql } from 'drizzle-orm'
import type { Executor } from '../database/connect.ts'
import type { Conversation } from '../database/conversations.ts'
import { conversations } from '../database/schema.ts'

/** What is remembered of conversations; whoever calls has locked them. JSON goes as text, since a recordset takes no NUL. */

export interface Arrived {
  conversation: Conversation
  event: MessageEvent
}

/** What a later send in a conversation may need to know of the newest message. `arrived`: those that were not known before. */
export async function writeLastIncoming(tx: Executor, arrived: readonly Arrived[], now: Date): Promise<void> {
  const newest = new Map<number, { id: number; ref: string; at: Date; context: string }>()
  for (const { conversation, event } of arrived) {
    const at = pastOf(event.at, now)
    const before = newest.get(conversation.id)?.at ?? conversation.lastIncomingAt
    if (!before || at >= before)
      newest.set(conversation.id, { id: conversation.id, ref: event.ref, at, context: boxed(event.context ?? null) })
  }
  if (newest.size === 0) return
  await tx.execute(sql`
    update ${conversations} c set last_incoming_ref = given.ref, last_incoming_at = given.at, last_incoming_context = given.context::json
    from json_to_recordset(${JSON.stringify([...newest.values()])}::json) as given(id bigint, ref text, at timestamptz, context text)
    where c.id = given.id`)
}

/** When a gateway says that it got a message. What is no time, or one to come, is a mistake: it got it by now. */
function pastOf(at: Date | undefined, now: Date): Date {
  const time = new Date(at ?? now)
  return time <= now && time.getTime() > 0 ? time : now
}

export interface Memory {
  conversationId: number
  value: unknown
}

/** What channels chose to remember; the last one counts. */
export async function writeMemories(tx: Executor, all: readonly Memory[]): Promise<void> {
  if (all.length === 0) return
  const last = new Map(all.map(({ conversationId, value }) => [conversationId, boxed(value)]))
  const rows = JSON.stringify([...last].map(([id, memory]) => ({ id, memory })))
  await tx.execute(sql`
    update ${conversations} c set memory = given.memory::json
    from json_to_recordset(${rows}::json) as given(id bigint, memory text)
    where c.id = given.id`)
}

/** A column of boxed JSON, as text. */
export const boxed = (value: unknown): string => JSON.stringify({ value })
