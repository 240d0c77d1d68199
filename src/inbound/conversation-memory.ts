import type { MessageEvent } from 'channel-kit/event'
import type { Executor } from '../postgres/connect.ts'
import { conversations } from '../postgres/schema/schema.ts'
import { updateMany } from '../postgres/update-many.ts'
import type { Conversation } from '../queue/conversations.ts'

/** What is remembered of conversations; whoever calls has locked them. */

export interface Arrived {
  conversation: Conversation
  event: MessageEvent
}

/**
 * What a later send in a conversation may need to know of the newest message. `arrived`: those that were not known before;
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

/** When a gateway got a message; `assumed`: it did not say so in earnest. */
interface Written {
  at: Date
  assumed: boolean
}

const lastOf = ({ lastIncomingAt: at, lastIncomingContext: context }: Conversation): Written | undefined =>
  at ? { at, assumed: context?.assumed === true } : undefined

/** A message that is late is older than one before it only where both have a time; what came last is else what arrived last. */
const isLast = (one: Written, before: Written | undefined): boolean =>
  !before || one.assumed || before.assumed || one.at >= before.at

/** No two clocks are the same. */
const CLOCKS_MS = 60_000

/** What is no time, or one to come, is a mistake: the gateway got it by now. */
export function pastOf(given: Date | undefined, now: Date): Written {
  // What was foreseen has been JSON since.
  const time = new Date(given ?? Number.NaN).getTime()
  if (!(time > 0) || time > now.getTime() + CLOCKS_MS) return { at: now, assumed: true }
  return { at: new Date(Math.min(time, now.getTime())), assumed: false }
}

export interface Memory {
  conversationId: number
  value: unknown
}

/** What channels chose to remember; the last one counts. */
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
