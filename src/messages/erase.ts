import { and, asc, eq, inArray, or, sql } from 'drizzle-orm'
import { keepHashes } from '../contacts/contact-key.ts'
import type { Database } from '../postgres/connect.ts'
import { aliases, conversations } from '../postgres/schema/conversations.ts'
import { events } from '../postgres/schema/events.ts'
import { messages } from '../postgres/schema/messages.ts'
import { outbox } from '../postgres/schema/outbox.ts'
import { waysOf } from '../protocol/contact.ts'
import type { Secrets } from '../secrets/secrets.ts'

/** Counts of a contact's erased rows. */
export interface Erased {
  conversations: number
  messages: number
  /** Messages among them that had not been settled. */
  unsent: number
  items: number
  /** Outbox items among them that had not been delivered. */
  untold: number
}

/**
 * Erases a contact: its conversations under any of its names, with all their
 * messages, statuses, outbox items and events. Items in hand at the moment still end, and
 * are not saved. Of a suppressed one a hash of each name stays, so that it is not written to again. `onlyCount` changes
 * nothing.
 */
export const eraseContact = (
  { db }: Pick<Database, 'db'>,
  contact: string,
  { registrationId, onlyCount, secrets }: { registrationId?: number | undefined; onlyCount: boolean; secrets: Secrets }
): Promise<Erased> =>
  db.transaction(async tx => {
    const names = waysOf(contact)
    // In the order of CONTRIBUTING.md, "Locks".
    const found = await tx
      .select({ id: conversations.id })
      .from(conversations)
      .where(
        and(
          or(
            inArray(conversations.contact, names),
            inArray(conversations.address, names),
            sql`exists (select from ${aliases} where ${aliases.conversationId} = ${conversations.id} and ${inArray(aliases.contact, names)})`
          ),
          registrationId === undefined ? undefined : eq(conversations.registrationId, registrationId)
        )
      )
      .orderBy(asc(conversations.id))
      .for('update')
    const ids = found.map(({ id }) => id)
    const ofMessages = inArray(messages.conversationId, ids)
    const ofItems = inArray(outbox.conversationId, ids)
    const erased = {
      conversations: ids.length,
      messages: await tx.$count(messages, ofMessages),
      unsent: await tx.$count(messages, and(ofMessages, inArray(messages.state, ['waiting', 'sending', 'gathered']))),
      items: await tx.$count(outbox, ofItems),
      untold: await tx.$count(outbox, and(ofItems, eq(outbox.state, 'waiting')))
    }
    if (!onlyCount) {
      await keepHashes(tx, secrets, ids)
      // Reads the whole table: an index for it would be paid for by every status.
      if (ids.length > 0) await tx.delete(events).where(inArray(events.conversationId, ids))
      await tx.delete(conversations).where(inArray(conversations.id, ids))
    }
    return erased
  })
