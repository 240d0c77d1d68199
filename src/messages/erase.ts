import { and, eq, inArray, isNotNull, or } from 'drizzle-orm'
import type { Database } from '../database/connect.ts'
import { conversations } from '../database/schema.ts'

/**
 * Forgets a contact: its conversations with all their messages, statuses and
 * what the CRM had to be told. Answers how many conversations there were, and
 * how many messages of them had not been settled; `onlyCount` changes nothing.
 */
export const eraseContact = (
  { db }: Pick<Database, 'db'>,
  contact: string,
  { registrationId, onlyCount }: { registrationId?: number; onlyCount: boolean }
) =>
  db.transaction(async tx => {
    const whose = and(
      eq(conversations.contact, contact),
      registrationId === undefined ? undefined : eq(conversations.registrationId, registrationId)
    )
    const found = await tx.select({ id: conversations.id }).from(conversations).where(whose).for('update')
    const ids = found.map(({ id }) => id)
    const open = await tx.$count(
      conversations,
      and(inArray(conversations.id, ids), or(isNotNull(conversations.sendingDue), isNotNull(conversations.tellingDue)))
    )
    if (!onlyCount && ids.length > 0) await tx.delete(conversations).where(inArray(conversations.id, ids))
    return { conversations: ids.length, unfinished: open }
  })
