import { and, eq, inArray, isNull, or, type SQL, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { conversations } from '../postgres/schema/conversations.ts'
import { hosts } from '../postgres/schema/hosts.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { countDeaths, lockSending } from './deaths.ts'
import { addJob } from './jobs.ts'
import { lockRegistrations, type WorkKind } from './locks.ts'
import { notifyHandedOff } from './work-notify.ts'

/** Claims: which host works on a registration, for each kind of work. The protocol is in conversations.ts. */

const HOST = { send: registrations.sendingHost, tell: registrations.tellingHost }
const FIELD = { send: 'sendingHost', tell: 'tellingHost' } as const satisfies Record<WorkKind, string>
/** The column of a conversation that says when it has work of a kind. */
const DUE = { send: 'sending_due', tell: 'telling_due' } as const satisfies Record<WorkKind, string>

/** The due time of an item that waits for something else than a time; its conversation waits behind it. */
export const NEVER_DUE = new Date('9999-01-01T00:00:00Z')

export interface ClaimRow {
  registrationId: number
  clusterUri: string
}

/** Claims registrations, but for those that another host has claimed. */
export const claim = (
  { db }: Pick<Database, 'db'>,
  work: WorkKind,
  host: string,
  ids: readonly number[]
): Promise<ClaimRow[]> =>
  db.transaction(async tx => {
    await lockRegistrations(tx, ids, 'no key update')
    return tx
      .update(registrations)
      .set({ [FIELD[work]]: host })
      .where(and(inArray(registrations.id, [...ids]), or(isNull(HOST[work]), eq(HOST[work], host))))
      .returning({ registrationId: registrations.id, clusterUri: registrations.clusterUri })
  })

/** A claim is kept when its next item is due within this time, sooner than a job would be noticed: common with a rate limit. */
const SOON_MS = { send: 500, tell: 0 } as const satisfies Record<WorkKind, number>

/**
 * Releases the claims of registrations with nothing due, or all of them. A registration with a later item gets a job
 * for that time. Returns the registrations that this host has not claimed (any more).
 */
export const release = (
  { db }: Pick<Database, 'db'>,
  work: WorkKind,
  host: string,
  ids: readonly number[],
  all: boolean,
  now: Date
): Promise<number[]> =>
  db.transaction(async tx => {
    const rows = await lockRegistrations(tx, ids, 'no key update')
    const mine = rows.filter(row => row[work] === host)
    // After the lock: an item that was added before it is seen, and a transaction after it finds no host and adds a job.
    const due = await nextDue(
      tx,
      work,
      mine.map(({ id }) => id)
    )

    const released = mine.flatMap(row => {
      const next = nextWake(work, row, due.get(row.id))
      return all || !next || next.getTime() > now.getTime() + SOON_MS[work] ? [{ id: row.id, next }] : []
    })
    for (const { id, next } of released)
      if (next) await addJob(tx, work, { registration: id }, { at: next, key: `${work} ${id}` })
    const left = released.map(({ id }) => id)
    if (left.length > 0)
      await tx
        .update(registrations)
        .set({ [FIELD[work]]: null })
        .where(inArray(registrations.id, left))
    return [...left, ...ids.filter(id => !mine.some(row => row.id === id))]
  })

/** The time of the next item, if there is one: not before the end of a pause, and none for an archived registration's outbox. */
function nextWake(
  work: WorkKind,
  { pausedUntil, archivedAt }: { pausedUntil: Date | null; archivedAt: Date | null },
  due: Date | undefined
): Date | undefined {
  if (!due || due >= NEVER_DUE || (work === 'tell' && archivedAt)) return undefined
  if (work === 'tell' || !pausedUntil || pausedUntil <= due) return due
  // An operator's pause without an end: the one who resumes the registration wakes it.
  return pausedUntil >= NEVER_DUE ? undefined : pausedUntil
}

/** The next due time of each registration: one index lookup each, of messages one in each lane, however many items wait. */
async function nextDue(tx: Executor, work: WorkKind, ids: readonly number[]): Promise<Map<number, Date>> {
  if (ids.length === 0) return new Map()
  const due = sql.identifier(DUE[work])
  const next = (lane: SQL) => sql`(
    select ${due} from ${conversations} where registration_id = given.id::bigint ${lane} and ${due} is not null order by ${due} limit 1)`
  const { rows } = await tx.execute<{ id: string; due: string }>(sql`
    select next.id, next.due from (
      select given.id, ${work === 'send' ? sql`least(${next(sql`and not sending_bulk`)}, ${next(sql`and sending_bulk`)})` : next(sql``)} due
      from json_array_elements_text(${JSON.stringify(ids)}::json) as given(id)
    ) next
    where next.due is not null`)
  return new Map(rows.map(row => [Number(row.id), new Date(row.due)]))
}

/**
 * Hands claims without items in hand off to another host, and notifies it. Returns the registrations that stay, since
 * that host is gone. If it dies a moment later, these claims expire with its own.
 */
export const handOff = (
  { db }: Pick<Database, 'db'>,
  work: WorkKind,
  host: string,
  ids: readonly number[],
  to: string
): Promise<number[]> =>
  db.transaction(async tx => {
    const rows = await lockRegistrations(tx, ids, 'no key update')
    const mine = rows.filter(row => row[work] === host).map(({ id }) => id)
    const [lives] = await tx.select({ id: hosts.id }).from(hosts).where(eq(hosts.id, to))
    if (!lives || mine.length === 0) return mine
    await tx
      .update(registrations)
      .set({ [FIELD[work]]: to })
      .where(inArray(registrations.id, mine))
    await notifyHandedOff(tx, work, host, to)
    return []
  })

/** The registrations that a host has claimed. */
export async function claimedBy({ db }: Pick<Database, 'db'>, work: WorkKind, host: string): Promise<number[]> {
  const rows = await db.select({ id: registrations.id }).from(registrations).where(eq(HOST[work], host))
  return rows.map(({ id }) => id)
}

/** Registrations of hosts that do not live get a job, which finds them another one. */
export async function releaseClaimsOfDeadHosts(tx: Executor): Promise<void> {
  const found = await tx
    .select({ id: registrations.id })
    .from(registrations)
    .where(or(hasDead('send'), hasDead('tell')))
  const ids = found.map(({ id }) => id)
  if (ids.length === 0) return
  const sending = await lockSending(tx)
  await lockRegistrations(tx, ids, 'no key update')
  for (const work of ['send', 'tell'] as const) {
    // Checked again: a host may have come up and claimed a registration meanwhile.
    const freed = await tx
      .update(registrations)
      .set({ [FIELD[work]]: null })
      .where(and(inArray(registrations.id, ids), hasDead(work)))
      .returning({ id: registrations.id })
    if (work === 'send')
      await countDeaths(
        tx,
        sending,
        freed.map(({ id }) => id)
      )
    for (const { id } of freed) await addJob(tx, work, { registration: id })
  }
}

const hasDead = (work: WorkKind) =>
  sql`${HOST[work]} is not null and not exists (select from ${hosts} where ${hosts.id} = ${HOST[work]})`
