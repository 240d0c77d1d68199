import type { MessageEvent } from 'channel-kit/event'
import type { Executor } from '../postgres/connect.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { updateMany } from '../postgres/update-many.ts'

/** Memory of conversations, which the caller has locked. */

export interface Arrived {
  conversation: Conversation
  event: MessageEvent
}

/**
 * Saves the newest incoming message of each conversation, for later attempts in it. `arrived`: messages that were new;
 * `late`: they came long before now.
 */
export async function writeLastIncoming(
  tx: Executor,
  arrived: readonly Arrived[],
  { now, late }: { now: Date; late: boolean }
): Promise<void> {
  const newest = new Map<number, Written & { ref: string; context: unknown }>()
  for (const { conversation, event } of arrived) {
    const written = pastOf(event.at, now)
    const before = newest.get(conversation.id) ?? lastOf(conversation)
    if (late ? !before || written.at >= before.at : isLast(written, before))
      newest.set(conversation.id, { ...written, ref: event.ref, context: event.context ?? null })
  }
  const rows = [...newest].map(([id, { ref, at, assumed, context }]) => ({
    id,
    lastIncomingRef: ref,
    lastIncomingAt: at,
    lastIncomingContext: { value: context, ...(assumed ? { assumed } : {}) }
  }))
  await updateMany(tx, conversations, ['lastIncomingRef', 'lastIncomingAt', 'lastIncomingContext'], rows)
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
  const last = new Map(all.map(({ conversationId, value }) => [conversationId, value]))
  await updateMany(
    tx,
    conversations,
    ['memory'],
    [...last].map(([id, value]) => ({ id, memory: { value } }))
  )
}

/** A column of boxed JSON, as text. */
export const boxed = (value: unknown): string => JSON.stringify({ value })
