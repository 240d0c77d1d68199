import type { StatusEvent } from 'channel-kit/event'
import { and, asc, eq, gt, inArray, lt, or, type SQL, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { messageParts, messages } from '../postgres/schema/messages.ts'
import { earlyStatuses } from '../postgres/schema/statuses.ts'
import { addJob, type Jobs } from '../queue/jobs.ts'
import type { ReportedEvent } from './match-messages.ts'

/** Unmatched statuses: no message has their ref yet. Kept, and applied when the attempt has returned. */

const RECHECK_MS = { soon: 1_000, later: 60_000 }
/**
 * Statuses this young are rechecked by time, since a status and the result of its attempt, stored at the same moment,
 * may miss each other. An older status waits for an attempt to return its ref, however long that takes: gateways report
 * on many messages that are not ours, and to recheck all of them each time would be the most work of all.
 */
const YOUNG_MS = 3 * 60_000
/** An unmatched status is removed after so long: gateways also report on messages that were never ours. */
const UNMATCHED_KEPT_MS = 24 * 3_600_000
const MAX_TAKEN = 1_000

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
  // A job's key is locked until the transaction ends: in one order, so that transactions never wait in a circle.
  const ids = [...new Set(all.map(({ registrationId }) => registrationId))].sort((a, b) => a - b)
  for (const id of ids) await addRecheck(tx, id, 'soon')
}

/** Rechecks the unmatched statuses with the refs that attempts have returned, at once. */
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
  /** Does a work that stores events; an event that cannot be stored holds up no other (ingest.ts). */
  storing: (
    work: (store: (tx: Executor, all: readonly ReportedEvent[]) => Promise<void>) => Promise<void>
  ) => Promise<void>
  now: () => Date
}

/** Applies the unmatched statuses of a registration that have a message by now. */
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
        if (left) await addRecheck(tx, registration, due.length === MAX_TAKEN ? 'soon' : 'later')
      })
    )

/** Takes the unmatched statuses with the refs of these statuses, whose messages are matched by now. */
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

/** Takes statuses that have a message by now, in the order of their ids, in which all transactions lock them. */
async function take(tx: Executor, which: SQL | undefined): Promise<ReportedEvent[]> {
  const rows = await tx
    .select()
    .from(earlyStatuses)
    .where(and(which, or(namedBy(messages), namedBy(messageParts))))
    .orderBy(asc(earlyStatuses.id))
    .limit(MAX_TAKEN)
    .for('update')
  const ids = rows.map(({ id }) => id)
  if (ids.length > 0) await tx.delete(earlyStatuses).where(inArray(earlyStatuses.id, ids))
  return rows.map(eventOf)
}

const namedBy = (table: typeof messages | typeof messageParts) =>
  sql`exists (select from ${table} where ${table.registrationId} = ${earlyStatuses.registrationId} and ${table.ref} = ${earlyStatuses.ref})`

function moreOf({ way, afterMs, contact, code, cost }: NonNullable<Kept['more']>): Kept['more'] {
  const more = {
    ...(way === undefined ? {} : { way }),
    ...(afterMs === undefined ? {} : { afterMs }),
    ...(contact === undefined ? {} : { contact }),
    ...(code === undefined ? {} : { code }),
    ...(cost === undefined ? {} : { cost })
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

/**
 * Adds a job that rechecks. By the database's clock, as all jobs. `soon` and `later` have separate job keys and keep
 * their time, so neither postpones the other.
 */
const addRecheck = (tx: Executor, registration: number, when: keyof typeof RECHECK_MS) =>
  addJob(
    tx,
    'early',
    { registration },
    { at: new Date(Date.now() + RECHECK_MS[when]), key: `early ${when} ${registration}`, keepsTime: true }
  )
