import type { Database } from '../database/connect.ts'
import { conversationsOf, keyOf, lockConversations } from '../database/conversations.ts'
import { gather } from '../database/gather.ts'
import { messages } from '../database/schema.ts'
import type { Posted } from '../protocol/chat.ts'
import { queue } from './queue.ts'

/** Resolves when the message is stored for good. */
export type Accept = (registrationId: number, posted: Posted) => Promise<void>

interface Arrival {
  registrationId: number
  posted: Posted
}

/** Most messages stored together. */
const MOST = 500

/**
 * Stores messages and sees to it that a host sends them, in one transaction, so
 * that a 202 is never given for a message that nothing will send. One with an id
 * that its registration has posted before changes nothing.
 */
export function accepter({ db }: Pick<Database, 'db'>, now: () => Date, stored: () => void): Accept {
  const accept = gather(async (arrivals: readonly Arrival[]) => {
    await db.transaction(async tx => {
      const contacts = arrivals.map(({ registrationId, posted: { contact } }) => ({ registrationId, contact }))
      const byContact = await conversationsOf(tx, contacts)
      const locked = await lockConversations(tx, [...byContact.values()])
      const dueAt = now()
      const added = await tx
        .insert(messages)
        .values(
          arrivals.map(({ registrationId, posted: { crmId, chatId: _, ...body } }) => {
            const conversationId = byContact.get(keyOf({ registrationId, contact: body.contact }))
            if (conversationId === undefined) throw new Error('A conversation that was kept is not there')
            return { registrationId, conversationId, crmId, body, dueAt }
          })
        )
        .onConflictDoNothing()
        .returning({ registrationId: messages.registrationId, conversationId: messages.conversationId })
      await queue(tx, locked, added, dueAt)
    })
    stored()
    return arrivals.map(() => undefined)
  }, MOST)

  return (registrationId, posted) => accept({ registrationId, posted })
}
