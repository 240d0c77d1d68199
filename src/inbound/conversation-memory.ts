import type { MessageEvent } from 'channel-kit/event'
import { sql } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { conversations } from '../postgres/schema/schema.ts'
import type { Conversation } from '../queue/conversations.ts'

/** Memory of conversations, which the caller has locked. JSON goes as text, since a recordset takes no NUL. */

export interface Arrived {
  conversation: Conversation
  event: MessageEvent
}

/** Saves the newest incoming message of each conversation, for later attempts in it. `arrived`: messages that were new. */
export async function writeLastIncoming(tx: Executor, arrived: readonly Arrived[], now: Date): Promise<void> {
  const newest = new Map<number, Written & { ref: string; context: unknown }>()
  for (const { conversation, event } of arrived) {
    const written = pastOf(event.at, now)
    if (isLast(written, newest.get(conversation.id) ?? lastOf(conversation)))
      newest.set(conversation.id, { ...written, ref: event.ref, context: event.context ?? null })
  }
  if (newest.size === 0) return
  const rows = [...newest].map(([id, { ref, at, assumed, context }]) => ({
    id,
    ref,
    at,
    context: JSON.stringify({ value: context, ...(assumed ? { assumed } : {}) })
  }))
  await tx.execute(sql`
    update ${conversations} c set last_incoming_ref = given.ref, last_incoming_at = given.at, last_incoming_context = given.context::json
    from json_to_recordset(${JSON.stringify(rows)}::json) as given(id bigint, ref text, at timestamptz, context text)
    where c.id = given.id`)
}

/** The time at which a gateway got a message; `assumed`: it named no credible one. */
interface Written {
  at: Date
  assumed: boolean
}

const lastOf = ({ lastIncomingAt: at, lastIncomingContext: context }: Conversation): Written | undefined =>
  at ? { at, assumed: context?.assumed === true } : undefined

/** The later of two messages by their times, if both named one; otherwise by their arrival. */
const isLast = (written: Written, before: Written | undefined): boolean =>
  !before || written.assumed || before.assumed || written.at >= before.at

/** Clocks of a gateway and a host may differ by so much. */
const CLOCK_SKEW_MS = 60_000

/** The time of a message at its gateway. An invalid or future time is a mistake: the gateway has the message by now. */
export function pastOf(given: Date | undefined, now: Date): Written {
  // A scheduled event's time has been through JSON, and is a text.
  const time = new Date(given ?? Number.NaN).getTime()
  if (!(time > 0) || time > now.getTime() + CLOCK_SKEW_MS) return { at: now, assumed: true }
  return { at: new Date(Math.min(time, now.getTime())), assumed: false }
}

export interface Memory {
  conversationId: number
  value: unknown
}

/** Saves what channels chose to remember of conversations; the last memory of each counts. */
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
