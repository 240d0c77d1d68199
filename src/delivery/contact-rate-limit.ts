import type { AccountLimits } from 'channel-kit/channel'
import type { Executor } from '../postgres/connect.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { updateMany } from '../postgres/update-many.ts'
import type { AttemptResult } from './attempt.ts'

/** How often an account may write to one contact. Kept with the conversation, so all hosts hold it, and a new one too. */

type Pace = NonNullable<AccountLimits['perContact']>
export type PaceOf = (registrationId: number) => Pace | undefined

/**
 * The time from which the next message may be sent, when one was sent `at`. `before`: that time as it was until then. As many
 * as `burst` may go at once; a longer silence saves up no more.
 */
export function nextFree({ perSecond, burst }: Pace, before: Date | null, at: Date): Date {
  const everyMs = 1_000 / perSecond
  const burstMs = (Math.max(burst, 1) - 1) * everyMs
  const full = Math.max(at.getTime(), before ? before.getTime() + burstMs : 0)
  return new Date(full + everyMs - burstMs)
}

/** Notes when the conversations may go on in which something was sent; whoever calls has locked them. */
export async function writePaces(
  tx: Executor,
  locked: readonly Conversation[],
  results: readonly AttemptResult[],
  paceOf: PaceOf
): Promise<void> {
  const before = new Map(locked.map(({ id, pacedUntil }) => [id, pacedUntil]))
  const rows = results.flatMap(({ claimed: { registrationId, conversationId }, storyEntry }) => {
    const pace = storyEntry.kind === 'attempt' ? paceOf(registrationId) : undefined
    if (!pace || !(pace.perSecond > 0)) return []
    return [
      { id: conversationId, pacedUntil: nextFree(pace, before.get(conversationId) ?? null, new Date(storyEntry.at)) }
    ]
  })
  await updateMany(tx, conversations, ['pacedUntil'], rows)
}
