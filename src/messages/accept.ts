import { inArray } from 'drizzle-orm'
import type { Database } from '../database/connect.ts'
import { conversationsOf, keyOf, lockConversations, wake } from '../database/conversations.ts'
import { gather } from '../database/gather.ts'
import { conversations, messages } from '../database/schema.ts'
import type { Posted } from '../protocol/chat.ts'

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
      const locked = await lockConversations(tx, await conversationsOf(tx, contacts))
      const byContact = new Map(locked.map(conversation => [keyOf(conversation), conversation.id]))
      const dueAt = now()
      const added = await tx
        .insert(messages)
        .values(
          arrivals.map(({ registrationId, posted: { crmId, chatId: _, ...body } }) => {
            const conversationId = byContact.get(keyOf({ registrationId, contact: body.contact }))
            if (conversationId === undefined) throw new Error('A conversation that was locked is not there')
            return { registrationId, conversationId, crmId, body, dueAt }
          })
        )
        .onConflictDoNothing()
        .returning({ registrationId: messages.registrationId, conversationId: messages.conversationId })

      const open = new Set(added.map(({ conversationId }) => conversationId))
      const idle = locked.filter(({ id, sendingDue }) => sendingDue === null && open.has(id)).map(({ id }) => id)
      if (idle.length > 0)
        await tx.update(conversations).set({ sendingDue: dueAt }).where(inArray(conversations.id, idle))
      await wake(
        tx,
        'send',
        added.map(({ registrationId }) => registrationId)
      )
    })
    stored()
    return arrivals.map(() => undefined)
  }, MOST)

  return (registrationId, posted) => accept({ registrationId, posted })
}
