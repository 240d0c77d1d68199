import { and, asc, eq, gt, inArray } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import {
  conversations,
  type SuppressedPurpose,
  type SuppressionSource,
  suppressions
} from '../postgres/schema/conversations.ts'
import { numbered } from '../protocol/contact.ts'
import { lockConversations, lockRegistrations } from '../queue/locks.ts'
import type { Registration } from '../registrations/store.ts'
import { conversationsOf, findConversations } from './contact-conversations.ts'
import { hashName } from './contact-key.ts'
import { liftIn, suppressIn } from './suppressions.ts'

/** Lists of suppressed contacts: as an API client or an import gives them, and as they are read. */

/** Contacts of one transaction: so few that no other waits long for their conversations. */
const BATCH = 500

interface Owner extends Pick<Registration, 'id' | 'contactKey'> {
  /** Its contacts are phone numbers. */
  phones: boolean
}

/** Writes down what a transaction has done, in itself. */
type Recorded<Done> = (tx: Executor, done: Done) => Promise<unknown>

export interface NewSuppression {
  contact: string
  purpose: SuppressedPurpose
  note: string | null
}

export interface Suppressed {
  /** Contacts that were not suppressed for this purpose before. */
  suppressed: number
  known: number
  /** Waiting messages that ended for it. */
  cancelled: number
}

/** Suppresses contacts, those that nobody has written to included. What is done stays done when it fails in between. */
export async function suppressContacts(
  { db }: Pick<Database, 'db'>,
  owner: Owner,
  all: readonly NewSuppression[],
  { source, now, record }: { source: SuppressionSource; now: () => Date; record: Recorded<Suppressed> }
): Promise<Suppressed> {
  const total = { suppressed: 0, known: 0, cancelled: 0 }
  const byWish = Map.groupBy(all, ({ purpose, note }) => JSON.stringify([purpose, note]))
  for (const same of byWish.values())
    for (const batch of batches(same)) {
      const [{ purpose, note }] = batch as [NewSuppression]
      const done = await db.transaction(async tx => {
        const names = batch.map(({ contact }) => ({ registrationId: owner.id, contact: nameOf(contact, owner) }))
        const locked = await lockConversations(tx, [...(await conversationsOf(tx, names)).values()])
        await lockRegistrations(tx, [owner.id], 'share')
        const { suppressed, ended } = await suppressIn(tx, locked, { purpose, source, note, now: now() })
        const done = { suppressed, known: locked.length - suppressed, cancelled: ended }
        await record(tx, done)
        return done
      })
      total.suppressed += done.suppressed
      total.known += done.known
      total.cancelled += done.cancelled
    }
  return total
}

/** Lifts suppressions of contacts, erased ones included. Answers of how many contacts. */
export async function liftContacts(
  { db }: Pick<Database, 'db'>,
  owner: Owner,
  contacts: readonly string[],
  { purpose, record }: { purpose: SuppressedPurpose | undefined; record: Recorded<number> }
): Promise<number> {
  let total = 0
  for (const batch of batches(contacts))
    total += await db.transaction(async tx => {
      const names = batch.map(contact => ({ registrationId: owner.id, contact: nameOf(contact, owner) }))
      const locked = await lockConversations(tx, [...(await findConversations(tx, names)).values()])
      const lifted =
        (await liftIn(tx, locked, { purpose, source: 'api' })) + (await forgetHashes(tx, owner, names, purpose))
      if (lifted > 0) await record(tx, lifted)
      return lifted
    })
  return total
}

async function forgetHashes(
  tx: Executor,
  { id, contactKey }: Owner,
  names: readonly { contact: string }[],
  purpose: SuppressedPurpose | undefined
): Promise<number> {
  if (contactKey === null) return 0
  const gone = await tx
    .delete(suppressions)
    .where(
      and(
        eq(suppressions.registrationId, id),
        inArray(
          suppressions.nameHash,
          names.map(({ contact }) => hashName(contactKey, contact))
        ),
        purpose === undefined ? undefined : eq(suppressions.purpose, purpose)
      )
    )
    .returning({ hash: suppressions.nameHash })
  return new Set(gone.map(({ hash }) => hash)).size
}

/** As people write numbers into lists. */
const MARKS = /[\s().\-\u00a0\u2010-\u2015]/g

function nameOf(contact: string, { phones }: Pick<Owner, 'phones'>): string {
  const trimmed = contact.trim()
  if (!phones) return trimmed
  const bare = trimmed.replace(MARKS, '')
  return /^\+?\d+$/.test(bare) ? numbered(bare) : trimmed
}

function* batches<One>(all: readonly One[]): Generator<readonly One[]> {
  for (let from = 0; from < all.length; from += BATCH) yield all.slice(from, from + BATCH)
}

interface Wanted {
  registrationId: number
  purpose?: SuppressedPurpose | undefined
  /** A contact by one of its names. */
  contact?: string | undefined
  phones: boolean
}

/** Suppressions by id. The contact is null of one that was erased. */
export async function listSuppressions(
  { db }: Pick<Database, 'db'>,
  { registrationId, purpose, contact, phones }: Wanted,
  { limit, after }: { limit: number; after?: number | undefined }
) {
  const name = contact === undefined ? undefined : nameOf(contact, { phones })
  const found =
    name === undefined
      ? undefined
      : await db.transaction(tx => findConversations(tx, [{ registrationId, contact: name }]))
  return db
    .select({
      id: suppressions.id,
      contact: conversations.contact,
      purpose: suppressions.purpose,
      source: suppressions.source,
      note: suppressions.note,
      at: suppressions.at
    })
    .from(suppressions)
    .leftJoin(conversations, eq(conversations.id, suppressions.conversationId))
    .where(
      and(
        eq(suppressions.registrationId, registrationId),
        after === undefined ? undefined : gt(suppressions.id, after),
        purpose === undefined ? undefined : eq(suppressions.purpose, purpose),
        found === undefined ? undefined : inArray(suppressions.conversationId, [...found.values()])
      )
    )
    .orderBy(asc(suppressions.id))
    .limit(limit)
}
