import type { Executor } from '../postgres/connect.ts'
import { wake } from '../queue/conversations.ts'
import { refreshDue } from '../queue/due-times.ts'

/** Saves anew when these locked conversations have a message to send. */
export const refreshSending = (tx: Executor, conversationIds: readonly number[]): Promise<void> =>
  refreshDue(tx, 'send', conversationIds)

/** Finds the next message of conversations anew, which the caller has locked and changed messages of, and wakes a host for them. */
export async function refreshLine(
  tx: Executor,
  changed: readonly { registrationId: number; conversationId: number }[]
): Promise<void> {
  await refreshSending(tx, [...new Set(changed.map(({ conversationId }) => conversationId))])
  await wake(
    tx,
    'send',
    changed.map(({ registrationId }) => registrationId)
  )
}
