import { and, count, desc, eq, lt, type SQL, sql } from 'drizzle-orm'
import { EVENT_TYPES, type EventType } from '../events/event.ts'
import type { Executor } from '../postgres/connect.ts'
import { eventWebhooks } from '../postgres/schema/event-webhooks.ts'
import { events } from '../postgres/schema/events.ts'
import { HEALTHY } from './back-off.ts'
import { type PushWebhook, scheduleWebhook } from './claim.ts'

/** Webhooks as clients make, find, change and remove them. The caller's transaction writes the audit as well. */

/** Webhooks of one registration, or of all registrations together; and all that there are. */
export const MOST_WEBHOOKS = { ofOne: 5, ofAll: 200 }

export interface NewWebhook {
  registrationId: number | null
  url: string
  types: EventType[] | null
  note: string | null
  actor: string
  /** Sealed. */
  secret: string
  /** Its events are those after this. */
  position: number
}

/** Makes a webhook, or answers whose webhooks are too many. */
export async function createWebhook(tx: Executor, wanted: NewWebhook): Promise<PushWebhook | 'ofOne' | 'ofAll'> {
  // Two that are made at the same time count each other.
  await tx.execute(sql`select pg_advisory_xact_lock(hashtext('event_webhooks.create'))`)
  const known = await tx.select({ registrationId: eventWebhooks.registrationId }).from(eventWebhooks)
  if (known.length >= MOST_WEBHOOKS.ofAll) return 'ofAll'
  if (known.filter(one => one.registrationId === wanted.registrationId).length >= MOST_WEBHOOKS.ofOne) return 'ofOne'
  const [made] = await tx.insert(eventWebhooks).values(wanted).returning()
  if (!made) throw new Error('A webhook that was made is not there')
  await scheduleWebhook(tx, made.id)
  return made
}

/** The newest first; `after`: the id of the last one seen. */
export const listWebhooks = (
  { db }: { db: Executor },
  { id, registrationId }: { id?: number | undefined; registrationId?: number | undefined },
  { limit, after }: { limit: number; after?: number | undefined }
): Promise<PushWebhook[]> =>
  db
    .select()
    .from(eventWebhooks)
    .where(
      and(
        id === undefined ? undefined : eq(eventWebhooks.id, id),
        registrationId === undefined ? undefined : eq(eventWebhooks.registrationId, registrationId),
        after === undefined ? undefined : lt(eventWebhooks.id, after)
      )
    )
    .orderBy(desc(eventWebhooks.id))
    .limit(limit)

/** `secret`: sealed; the present one signs as well until `oldSecretUntil`. */
type WebhookChanges = Partial<Pick<PushWebhook, 'position' | 'ahead' | 'secret' | 'oldSecretUntil'>>

/**
 * Changes a webhook: the host that has claimed it begins anew, within a second. Undefined: it is not there. `isEnabled`: it
 * counts as one that has never failed from then on.
 */
export async function changeWebhook(
  tx: Executor,
  id: number,
  changes: WebhookChanges,
  { isEnabled }: { isEnabled: boolean }
): Promise<PushWebhook | undefined> {
  const [changed] = await tx
    .update(eventWebhooks)
    .set({
      ...changes,
      ...(changes.secret === undefined ? {} : { oldSecret: sql`${eventWebhooks.secret}` }),
      ...(isEnabled ? HEALTHY : {}),
      version: sql`${eventWebhooks.version} + 1`
    })
    .where(eq(eventWebhooks.id, id))
    .returning()
  // Without a host it was disabled, or has a job already, which is replaced.
  if (changed && changed.host === null && changed.disabledAt === null) await scheduleWebhook(tx, id)
  return changed
}

/** A host that pushes to it at the moment ends within a second. */
export const removeWebhook = (tx: Executor, id: number) => tx.delete(eventWebhooks).where(eq(eventWebhooks.id, id))

/** Positions follow the times of events but for transactions that were open for long: no longer than this. */
const MAX_DISORDER_MS = 600_000

/**
 * The position before the first event since that time. Undefined: there is none. Read from the end of the feed, so that it
 * costs what is then sent once more, and no index by time is paid for.
 */
export async function positionBefore(tx: Executor, since: Date): Promise<number | undefined> {
  const surely = new Date(since.getTime() - MAX_DISORDER_MS)
  const placed = sql`${events.position} is not null`
  const [older] = await tx
    .select({ position: events.position })
    .from(events)
    .where(and(placed, lt(events.at, surely)))
    .orderBy(desc(events.position))
    .limit(1)
  const [first] = await tx
    .select({ position: events.position })
    .from(events)
    .where(sql`${events.position} > ${older?.position ?? 0} and ${events.at} >= ${since.toISOString()}::timestamptz`)
    .orderBy(events.position)
    .limit(1)
  return first?.position == null ? undefined : first.position - 1
}

/** Events of the feed in which those that wait are counted. */
export const COUNTED = 10_000

/** The number of events that wait, among the next ones of the feed. */
export async function countUndelivered(
  { db }: { db: Executor },
  { position, ahead, registrationId, types }: PushWebhook
): Promise<number> {
  const ofRegistration: SQL | undefined =
    registrationId === null ? undefined : eq(events.registrationId, registrationId)
  const next = db
    .select({ type: events.type, position: events.position })
    .from(events)
    .where(and(sql`${events.position} > ${position}`, ofRegistration))
    .orderBy(events.position)
    .limit(COUNTED)
    .as('next')
  const [row] = await db
    .select({ waiting: count() })
    .from(next)
    .where(sql`${next.type} = any(${sql.param([...(types ?? EVENT_TYPES)])}::text[])`)
  return Math.max(0, (row?.waiting ?? 0) - ahead.length)
}
