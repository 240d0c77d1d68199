import type { Database } from '../database/connect.ts'
import { lockContacts, wakeSending } from '../database/conversations.ts'
import { messages } from '../database/schema.ts'
import type { Posted } from '../protocol/chat.ts'

export type Accept = ReturnType<typeof accepter>

/**
 * Stores a message and wakes its conversation in one transaction, so that a
 * 202 is never given for a message that nothing will send. One with an id that
 * this registration has posted before changes nothing.
 */
export const accepter =
  ({ db }: Pick<Database, 'db'>, now: () => Date) =>
  (registrationId: number, posted: Posted): Promise<void> =>
    db.transaction(async tx => {
      const { crmId, chatId: _, ...body } = posted
      const [conversation] = await lockContacts(tx, registrationId, [posted.contact])
      if (!conversation) throw new Error('A conversation that was locked is not there')

      const added = await tx
        .insert(messages)
        .values({ registrationId, conversationId: conversation.id, crmId, body, dueAt: now() })
        .onConflictDoNothing()
        .returning({ id: messages.id })
      if (added.length > 0) await wakeSending(tx, conversation)
    })
