import { and, asc, desc, eq, gt, gte, inArray, isNotNull, lt, type SQL, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { receivedWebhooks, webhookDays } from '../postgres/schema/webhooks.ts'
import { type Retention, retentionCrons } from '../queue/retention-schedule.ts'
import { openBytes } from '../secrets/sealed-bytes.ts'
import type { KeyWrap } from '../secrets/secrets.ts'
import type { READ } from './call-readings.ts'
import { type RawCall, unpackCall } from './raw-call.ts'
import { removeDays } from './webhook-days.ts'

/** Calls of gateways that are kept, as an operator looks for them; and their end. */

export interface CallFilter {
  ids?: readonly number[] | undefined
  registrationId?: number | undefined
  /** Came since. */
  since?: Date | undefined
  /** Came before. */
  until?: Date | undefined
  read?: (typeof READ)[number] | undefined
}

const COLUMNS = {
  id: receivedWebhooks.id,
  registrationId: receivedWebhooks.registrationId,
  receivedAt: receivedWebhooks.receivedAt,
  bytes: receivedWebhooks.bytes,
  /** Its body is there. */
  kept: sql<boolean>`${receivedWebhooks.sealed} is not null`,
  events: receivedWebhooks.events,
  skipped: sql<Readonly<Record<string, number>>>`coalesce(${receivedWebhooks.skipped}, '{}')`,
  failed: receivedWebhooks.failed,
  replayedAt: receivedWebhooks.replayedAt
}

const SEALED = {
  keyId: receivedWebhooks.keyId,
  key: receivedWebhooks.sealedKey,
  sealed: receivedWebhooks.sealed
}

export type ListedCall = Awaited<ReturnType<typeof listCalls>>[number]

/** The newest first; `after`: the id of the last one seen. */
export const listCalls = (
  { db }: { db: Executor },
  wanted: CallFilter,
  { limit, after }: { limit: number; after?: number | undefined }
) =>
  db
    .select(COLUMNS)
    .from(receivedWebhooks)
    .where(and(...matching(wanted), after === undefined ? undefined : lt(receivedWebhooks.id, after)))
    .orderBy(desc(receivedWebhooks.id))
    .limit(limit)

/** How many of them can be replayed: those whose bodies were kept. */
export const countCalls = ({ db }: { db: Executor }, wanted: CallFilter): Promise<number> =>
  db.$count(receivedWebhooks, and(...matching(wanted), isNotNull(receivedWebhooks.sealed)))

export type SealedCall = Awaited<ReturnType<typeof sealedCalls>>[number]

/** As they came, the oldest first, with what is sealed of them; `after`: the id of the last one. */
export const sealedCalls = (
  { db }: { db: Executor },
  wanted: CallFilter,
  { limit, after = 0 }: { limit: number; after?: number | undefined }
) =>
  db
    .select({ ...COLUMNS, ...SEALED })
    .from(receivedWebhooks)
    .where(and(...matching(wanted), gt(receivedWebhooks.id, after)))
    .orderBy(asc(receivedWebhooks.id))
    .limit(limit)

/** Undefined: its body was not kept. Throws where its key is not here. */
export const openCall = (
  keys: Pick<KeyWrap, 'unwrap'>,
  { keyId, key, sealed }: Pick<SealedCall, 'keyId' | 'key' | 'sealed'>
): RawCall | undefined =>
  keyId === null || key === null || sealed === null
    ? undefined
    : unpackCall(openBytes(keys, { keyId, key, bytes: sealed }))

function matching({ ids, registrationId, since, until, read }: CallFilter): (SQL | undefined)[] {
  return [
    ids && sql`${receivedWebhooks.id} = any(${bigints(ids)})`,
    registrationId === undefined ? undefined : eq(receivedWebhooks.registrationId, registrationId),
    since && gte(receivedWebhooks.receivedAt, since),
    until && lt(receivedWebhooks.receivedAt, until),
    read && READINGS[read]
  ]
}

const READINGS = {
  events: gt(receivedWebhooks.events, 0),
  skipped: isNotNull(receivedWebhooks.skipped),
  failed: isNotNull(receivedWebhooks.failed)
}

/** Days of registrations, the newest first: what their calls take, and how many were not kept. */
export const listDays = (
  { db }: { db: Executor },
  { registrationId }: Pick<CallFilter, 'registrationId'>,
  { limit, after }: { limit: number; after?: number | undefined }
) =>
  db
    .select()
    .from(webhookDays)
    .where(
      and(
        registrationId === undefined ? undefined : eq(webhookDays.registrationId, registrationId),
        after === undefined ? undefined : lt(webhookDays.id, after)
      )
    )
    .orderBy(desc(webhookDays.id))
    .limit(limit)

/** Few enough that a batch takes moments, though each may have a body of 1 MiB. */
const BATCH = 500

interface Removal {
  interrupted: AbortSignal
  /** Told after each batch how many are gone so far. */
  removed?: (count: number) => void
}

/** Calls from before the limit. They are in the order of their arrival, so the first young one ends the search. */
export async function removeCalls(
  { db }: Pick<Database, 'db'>,
  before: Date,
  { interrupted, removed = () => {} }: Removal
): Promise<number> {
  let count = 0
  for (;;) {
    interrupted.throwIfAborted()
    const oldest = await db
      .select({ id: receivedWebhooks.id, receivedAt: receivedWebhooks.receivedAt })
      .from(receivedWebhooks)
      .orderBy(asc(receivedWebhooks.id))
      .limit(BATCH)
    const old = oldest.filter(({ receivedAt }) => receivedAt < before).map(({ id }) => id)
    if (old.length > 0) count += await removeById(db, old)
    removed(count)
    if (old.length < BATCH) return count
  }
}

export const countOldCalls = ({ db }: Pick<Database, 'db'>, before: Date): Promise<number> =>
  db.$count(receivedWebhooks, lt(receivedWebhooks.receivedAt, before))

export async function removeById(db: Executor, ids: readonly number[]): Promise<number> {
  const { rowCount } = await db.delete(receivedWebhooks).where(inArray(receivedWebhooks.id, [...ids]))
  return rowCount ?? 0
}

/** Where nothing is kept any more, what is left goes with the next run. */
export const webhookCrons = ({ database, keepMs, ...how }: Retention & { database: Pick<Database, 'db'> }) =>
  retentionCrons(
    { ...how, keepMs: keepMs || 1 },
    {
      name: 'retention of webhooks',
      pattern: '37 * * * *',
      what: 'old calls of gateways',
      remove: async (before, interrupted) => {
        await removeDays(database, before)
        return { webhooks: await removeCalls(database, before, { interrupted }) }
      }
    }
  )
