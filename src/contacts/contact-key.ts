import { createHmac, randomBytes } from 'node:crypto'
import { and, eq, inArray, isNotNull } from 'drizzle-orm'
import type { Executor } from '../postgres/connect.ts'
import { aliases, conversations, suppressions } from '../postgres/schema/conversations.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { numbered } from '../protocol/contact.ts'
import { notifyChanged } from '../registrations/cache.ts'
import type { Secrets } from '../secrets/secrets.ts'

/**
 * Hashes of suppressed contacts that were erased: nothing else is kept of them, and a contact that comes again is known by
 * its hash. The key is of the registration, and sealed: a phone number is found by trying all, without the key it is not.
 */

export const hashName = (key: string, contact: string): string =>
  createHmac('sha256', key).update(numbered(contact)).digest('base64url')

/** Hashes of contacts as the accepting routines take them: each with its number among them, from 1. Null where no contact can have one. */
export function erasedJson(given: readonly { contactKey: string | null; contact: string }[]): string | null {
  const hashes = given.flatMap(({ contactKey, contact }, index) =>
    contactKey === null ? [] : [{ number: index + 1, hash: hashName(contactKey, contact) }]
  )
  return hashes.length === 0 ? null : JSON.stringify(hashes)
}

/** Leaves of the suppressions of these conversations, which are about to be erased, a hash of each of their names. */
export async function keepHashes(tx: Executor, secrets: Secrets, conversationIds: readonly number[]): Promise<void> {
  if (conversationIds.length === 0) return
  const wanted = await tx
    .select({
      id: conversations.id,
      registrationId: conversations.registrationId,
      contact: conversations.contact,
      address: conversations.address
    })
    .from(conversations)
    .where(and(inArray(conversations.id, [...conversationIds]), isNotNull(conversations.suppressed)))
  if (wanted.length === 0) return
  const ids = wanted.map(({ id }) => id)
  const others = await tx
    .select({ id: aliases.conversationId, contact: aliases.contact })
    .from(aliases)
    .where(inArray(aliases.conversationId, ids))
  const kept = await tx.select().from(suppressions).where(inArray(suppressions.conversationId, ids))
  const keys = new Map<number, string>()
  for (const id of [...new Set(wanted.map(({ registrationId }) => registrationId))].sort((a, b) => a - b))
    keys.set(id, await keyOf(tx, secrets, id))
  const rows = wanted.flatMap(({ id, registrationId, contact, address }) => {
    const names = [contact, address, ...others.filter(other => other.id === id).map(other => other.contact)]
    const hashes = new Set(names.flatMap(name => (name === null ? [] : hashName(keys.get(registrationId) ?? '', name))))
    return kept
      .filter(({ conversationId }) => conversationId === id)
      .flatMap(({ purpose, source, at }) =>
        [...hashes].map(nameHash => ({ registrationId, nameHash, purpose, source, at }))
      )
  })
  await tx.insert(suppressions).values(rows).onConflictDoNothing()
}

/** The key of a registration, made where there is none yet. Locks the registration. */
async function keyOf(tx: Executor, secrets: Secrets, registrationId: number): Promise<string> {
  const [row] = await tx
    .select({ contactKey: registrations.contactKey })
    .from(registrations)
    .where(eq(registrations.id, registrationId))
    .for('no key update')
  if (row?.contactKey) return secrets.open(row.contactKey)
  const key = randomBytes(32).toString('base64url')
  await tx
    .update(registrations)
    .set({ contactKey: await secrets.seal(key) })
    .where(eq(registrations.id, registrationId))
  await notifyChanged(tx, registrationId)
  return key
}
