import type { Executor } from '../postgres/connect.ts'
import { wake } from '../queue/conversations.ts'
import { refreshDue } from '../queue/due-times.ts'

/** Saves anew when these locked conversations have a message to send. */
export const refreshSending = (tx: Executor, conversationIds: readonly number[]): Promise<void> =>
  refreshDue(tx, 'send', conversationIds)

/** Finds the place in line of messages that were added to conversations, which the caller has locked, and wakes a host for them. */
export async function enqueue(
  tx: Executor,
  added: readonly { registrationId: number; conversationId: number }[]
): Promise<void> {
  await refreshSending(tx, [...new Set(added.map(({ conversationId }) => conversationId))])
  await wake(
    tx,
    'send',
    added.map(({ registrationId }) => registrationId)
  )
}
