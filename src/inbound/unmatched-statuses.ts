import type { StatusEvent } from 'channel-kit/event'
import { and, asc, eq, gt, inArray, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { earlyStatuses, messageParts } from '../postgres/schema/kept.ts'
import { messages } from '../postgres/schema/schema.ts'
import { addJob, type Jobs } from '../queue/jobs.ts'
import type { ReportedEvent } from './match-messages.ts'

/** Statuses of messages that we do not know, yet: kept, and applied when the send has returned. */

const WHEN = { soon: 1_000, later: 60_000 }
/**
 * A status and the answer to its send, stored at the same moment, may miss each
 * other: what is as young as this is looked at again. What is older waits for a
 * send to name it, however long that takes: gateways report on much that is not
 * ours, and to go through all of that each time would be the most work of all.
 */
const YOUNG_MS = 3 * 60_000
/** A gateway also reports on messages that were never ours. */
const UNMATCHED_KEPT_MS = 24 * 3_600_000
const MOST_AT_ONCE = 1_000

export async function keepUnmatched(
  tx: Executor,
  all: readonly (StatusEvent & { registrationId: number })[]
): Promise<void> {
  if (all.length === 0) return
  await tx.insert(earlyStatuses).values(
    all.map(({ registrationId, ref, status, reason = null, remember, ...rest }) => ({
      registrationId,
      ref,
      status,
      reason,
      remember: remember === undefined ? null : { value: remember },
      more: moreOf(rest)
    }))
  )
  // A job's key is held until the transaction ends: in one order, so that nobody waits in a circle.
  const ids = [...new Set(all.map(({ registrationId }) => registrationId))].sort((a, b) => a - b)
  for (const id of ids) await look(tx, id, 'soon')
}

/** Sends have returned: what was kept about their messages is looked at now, whenever else it was to be. */
export async function recheckUnmatched(
  tx: Executor,
  sent: readonly { registrationId: number; ref: string }[]
): Promise<void> {
  if (sent.length === 0) return
  await tx.execute(sql`select pg_temp.recheck_unmatched(
    ${sql.param(sent.map(({ registrationId }) => registrationId))}::bigint[],
    ${sql.param(sent.map(({ ref }) => ref))}::text[])`)
}

interface Deps {
  database: Pick<Database, 'db'>
  /** Hands over what events are stored by; one that cannot be holds up no other. */
  storing: (
    work: (store: (tx: Executor, all: readonly ReportedEvent[]) => Promise<void>) => Promise<void>
  ) => Promise<void>
  now: () => Date
}

/** Hands on the statuses whose messages are known by now. */
export const unmatchedTask =
  ({ database: { db }, storing, now }: Deps) =>
  ({ registration, all = false }: Jobs['early']): Promise<void> =>
    storing(store =>
      db.transaction(async tx => {
        const young = gt(earlyStatuses.createdAt, new Date(now().getTime() - YOUNG_MS))
        await tx.delete(earlyStatuses).where(lt(earlyStatuses.createdAt, new Date(now().getTime() - UNMATCHED_KEPT_MS)))
        const ours = eq(earlyStatuses.registrationId, registration)
        const due = await take(tx, and(ours, all ? undefined : young))
        await store(tx, due)

        const [left] = await tx.select({ id: earlyStatuses.id }).from(earlyStatuses).where(and(ours, young)).limit(1)
        if (left) await look(tx, registration, due.length === MOST_AT_ONCE ? 'soon' : 'later')
      })
    )

/** What was kept about the messages of these statuses, which are known by now. */
export async function takeUnmatched(tx: Executor, statuses: readonly ReportedEvent[]): Promise<ReportedEvent[]> {
  const refs = statuses.flatMap(refsOf)
  if (refs.length === 0) return []
  return take(
    tx,
    sql`exists (
      select from json_to_recordset(${JSON.stringify(refs)}::json) as given("registrationId" bigint, ref text)
      where given."registrationId" = ${earlyStatuses.registrationId} and given.ref = ${earlyStatuses.ref})`
  )
}

const refsOf = ({ registrationId, event }: ReportedEvent) =>
  event.kind === 'status' ? [{ registrationId, ref: event.ref }] : []

/** Those whose messages are known, in their order, in which all lock them. */
async function take(tx: Executor, which: SQL | undefined): Promise<ReportedEvent[]> {
  const rows = await tx
    .select()
    .from(earlyStatuses)
    .where(and(which, or(namedBy(messages), namedBy(messageParts))))
    .orderBy(asc(earlyStatuses.id))
    .limit(MOST_AT_ONCE)
    .for('update')
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await tx.delete(earlyStatuses).where(inArray(earlyStatuses.id, ids))
  return rows.map(eventOf)
}

const namedBy = (table: typeof messages | typeof messageParts) =>
  sql`exists (select from ${table} where ${table.registrationId} = ${earlyStatuses.registrationId} and ${table.ref} = ${earlyStatuses.ref})`

function moreOf({ way, afterMs, contact }: Pick<StatusEvent, 'way' | 'afterMs' | 'contact'>): Kept['more'] {
  const more = {
    ...(way === undefined ? {} : { way }),
    ...(afterMs === undefined ? {} : { afterMs }),
    ...(contact === undefined ? {} : { contact })
  }
  return Object.keys(more).length > 0 ? more : null
}

type Kept = typeof earlyStatuses.$inferSelect

const eventOf = ({ registrationId, ref, status, reason, remember, more }: Kept): ReportedEvent => ({
  registrationId,
  event: {
    kind: 'status',
    ref,
    status,
    ...(reason === null ? {} : { reason }),
    ...(remember === null ? {} : { remember: remember.value }),
    ...more
  }
})

/** By the database's clock, as all jobs. One that comes soon is put off neither by those that come after it nor by one that comes later. */
const look = (tx: Executor, registration: number, when: keyof typeof WHEN) =>
  addJob(
    tx,
    'early',
    { registration },
    { at: new Date(Date.now() + WHEN[when]), key: `early ${when} ${registration}`, keepsTime: true }
  )
