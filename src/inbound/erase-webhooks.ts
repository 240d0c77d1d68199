import { and, eq, inArray, or } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { aliases, conversations } from '../postgres/schema/conversations.ts'
import { waysOf } from '../protocol/contact.ts'
import type { KeyWrap } from '../secrets/secrets.ts'
import { namesContact } from './raw-call.ts'
import { openCall, removeById, type SealedCall, sealedCalls } from './received-webhooks.ts'

interface Deps {
  database: Pick<Database, 'db'>
  keys: Pick<KeyWrap, 'unwrap'>
}

interface How {
  registrationId?: number | undefined
  onlyCount: boolean
  interrupted: AbortSignal
}

/** Calls that are opened together; each may be of 1 MiB. */
const BATCH = 50

/**
 * Removes the calls of gateways that name a contact, by any of its names. Each is opened and read: a mark beside it, such
 * as the ids of conversations, would tell nothing of what was skipped, and of that there is no other trace. Has to come
 * before the contact's conversations are erased, since they know its names. What cannot be opened is removed with it.
 */
export async function eraseCalls(
  { database, keys }: Deps,
  contact: string,
  { registrationId, onlyCount, interrupted }: How
): Promise<number> {
  const names = await namesOf(database, contact, registrationId)
  let count = 0
  for (let after = 0; ; ) {
    interrupted.throwIfAborted()
    const calls = await sealedCalls(database, { registrationId }, { limit: BATCH, after })
    const last = calls.at(-1)
    if (!last) return count
    after = last.id
    const ids = calls.filter(call => isAbout(keys, call, names)).map(({ id }) => id)
    count += ids.length
    if (!onlyCount && ids.length > 0) await removeById(database.db, ids)
  }
}

function isAbout(keys: Deps['keys'], call: SealedCall, names: readonly string[]): boolean {
  try {
    const opened = openCall(keys, call)
    return opened !== undefined && namesContact(opened, names)
  } catch {
    return true
  }
}

/** Names of the contact's conversations: the CRM's, and those that gateways use and have used. */
async function namesOf({ db }: Deps['database'], contact: string, registrationId: number | undefined) {
  const ways = waysOf(contact)
  const rows = await db
    .select({ contact: conversations.contact, address: conversations.address, alias: aliases.contact })
    .from(conversations)
    .leftJoin(aliases, eq(aliases.conversationId, conversations.id))
    .where(
      and(
        or(
          inArray(conversations.contact, ways),
          inArray(conversations.address, ways),
          inArray(
            conversations.id,
            db.select({ id: aliases.conversationId }).from(aliases).where(inArray(aliases.contact, ways))
          )
        ),
        registrationId === undefined ? undefined : eq(conversations.registrationId, registrationId)
      )
    )
  const names = [
    contact,
    ...rows.flatMap(({ contact, address, alias }) => [contact, address ?? [], alias ?? []].flat())
  ]
  return [...new Set(names.flatMap(waysOf))]
}
