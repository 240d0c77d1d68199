import { and, asc, eq, inArray, isNull, or, type SQL, sql } from 'drizzle-orm'
import { EVENT_TYPES } from '../events/event.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { eventWebhooks } from '../postgres/schema/event-webhooks.ts'
import { events } from '../postgres/schema/events.ts'
import { hosts } from '../postgres/schema/hosts.ts'
import { addJob } from '../queue/jobs.ts'

/**
 * Claims of webhooks: one host pushes the events of a webhook at a time. A job finds a host for one that has none; the host
 * keeps it until it stops. A webhook of a host that missed its heartbeats gets a job again (queue/heartbeat.ts), and a host
 * that was taken for dead, and lives, writes nothing any more.
 */

export type PushWebhook = typeof eventWebhooks.$inferSelect

/** Has some host claim a webhook. */
export const scheduleWebhook = (db: Executor, id: number, at?: Date): Promise<void> =>
  addJob(db, 'push', { webhook: id }, { key: `push ${id}`, ...(at ? { at } : {}) })

const isDead = sql`not exists (select from ${hosts} where ${hosts.id} = ${eventWebhooks.host})`

/** Claims a webhook. Undefined: a living host has claimed it, it is disabled, or it is not there. */
export async function claimWebhook(
  { db }: Pick<Database, 'db'>,
  id: number,
  host: string
): Promise<PushWebhook | undefined> {
  const [claimed] = await db
    .update(eventWebhooks)
    .set({ host })
    .where(
      and(
        eq(eventWebhooks.id, id),
        isNull(eventWebhooks.disabledAt),
        or(isNull(eventWebhooks.host), eq(eventWebhooks.host, host), isDead)
      )
    )
    .returning()
  return claimed
}

/** All webhooks that a host has claimed, or one of them. */
export const listClaimed = ({ db }: Pick<Database, 'db'>, host: string, id?: number): Promise<PushWebhook[]> =>
  db
    .select()
    .from(eventWebhooks)
    .where(and(eq(eventWebhooks.host, host), id === undefined ? undefined : eq(eventWebhooks.id, id)))

/** False: another host has claimed it, or a client has changed or removed it, since it was read. */
export const isUnchanged = async ({ db }: Pick<Database, 'db'>, { id, host, version }: PushWebhook): Promise<boolean> =>
  (await db.$count(
    eventWebhooks,
    and(eq(eventWebhooks.id, id), eq(eventWebhooks.host, host ?? ''), eq(eventWebhooks.version, version))
  )) > 0

type Changes = Partial<Omit<PushWebhook, 'id'>>

/** Writes to a claimed webhook. Undefined: another host has claimed it, or a client has changed it, since it was read. */
export async function saveClaimed(
  tx: Executor,
  { id, host, version }: PushWebhook,
  changes: Changes
): Promise<PushWebhook | undefined> {
  const [saved] = await tx
    .update(eventWebhooks)
    .set(changes)
    .where(and(eq(eventWebhooks.id, id), eq(eventWebhooks.host, host ?? ''), eq(eventWebhooks.version, version)))
    .returning()
  return saved
}

/** A webhook, and the end of what was looked through for it. */
export interface Looked {
  webhook: PushWebhook
  to: number
}

/** The webhooks that want some event up to `end`: one statement for all of a host. */
export async function findWithNews(
  { db }: Pick<Database, 'db'>,
  looked: readonly Looked[],
  end: number
): Promise<Set<number>> {
  const wanted = looked.map(({ webhook: { id, registrationId, types }, to }) => ({
    id,
    after: to,
    registration: registrationId,
    types: types ?? EVENT_TYPES
  }))
  const { rows } = await db.execute<{ id: string }>(sql`
    select w.id from json_to_recordset(${JSON.stringify(wanted)}::json)
      as w(id bigint, after bigint, registration bigint, types text[])
    where exists (
      select from ${events} e where e.position > w.after and e.position <= ${end}
        and (w.registration is null or e.registration_id = w.registration) and e.type = any(w.types))`)
  return new Set(rows.map(({ id }) => Number(id)))
}

/** Locks webhooks in one order, so that statements that write to several of them never wait in a circle. */
export const lockWebhooks = (tx: Executor, which: SQL | undefined): Promise<PushWebhook[]> =>
  tx.select().from(eventWebhooks).where(which).orderBy(asc(eventWebhooks.id)).for('no key update')

/** Moves webhooks past what they do not want: one statement for all of a host. */
export async function savePositions(
  { db }: Pick<Database, 'db'>,
  host: string,
  looked: readonly Looked[]
): Promise<void> {
  if (looked.length === 0) return
  const given = looked.map(({ webhook: { id, version }, to }) => ({ id, version, position: to }))
  await db.transaction(async tx => {
    const ids = given.map(({ id }) => id)
    await lockWebhooks(tx, inArray(eventWebhooks.id, ids))
    await tx.execute(sql`
      update ${eventWebhooks} w set position = given.position, ahead = '{}'
      from json_to_recordset(${JSON.stringify(given)}::json) as given(id bigint, version int, position bigint)
      where w.id = given.id and w.version = given.version and w.host = ${host} and w.position < given.position`)
  })
}

/** Releases all webhooks of a host, for others. */
export const releaseWebhooks = ({ db }: Pick<Database, 'db'>, host: string): Promise<void> =>
  db.transaction(tx => release(tx, eq(eventWebhooks.host, host)))

export const releaseWebhooksOfDeadHosts = (tx: Executor): Promise<void> =>
  release(tx, sql`${eventWebhooks.host} is not null and ${isDead}`)

async function release(tx: Executor, which: SQL): Promise<void> {
  const ids = (await lockWebhooks(tx, which)).map(({ id }) => id)
  if (ids.length === 0) return
  await tx.update(eventWebhooks).set({ host: null }).where(inArray(eventWebhooks.id, ids))
  for (const id of ids) await scheduleWebhook(tx, id)
}
