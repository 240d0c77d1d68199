import { and, eq, inArray, isNull, lt, or, sql } from 'drizzle-orm'
import type { Database, Executor } from '../database/connect.ts'
import { lockConversations, wake } from '../database/conversations.ts'
import { bigints, dueConversations, refreshDue, type Wanted } from '../database/heads.ts'
import { claim, letGo } from '../database/ownership.ts'
import { conversations, outbox, registrations } from '../database/schema.ts'
import { plain } from '../database/text.ts'
import type { Line } from '../worker/pump.ts'

/** What this host has in hand to tell CRMs: taking it, and writing down what became of it. */

export type Taken = typeof outbox.$inferSelect

/** What follows an attempt to tell. */
export type Next =
  | { kind: 'delivered' | 'stopped' | 'parked'; reason: string | null }
  | { kind: 'again'; at: Date; reason: string }
  /** The CRM wants to hear nothing of the registration until it registers again. */
  | { kind: 'archived' }

export interface Ended {
  taken: Taken
  next: Next
}

/** What makes an item `i` one that the CRM has not been told. */
export const OPEN = sql`i.state = 'waiting'`
const ARCHIVED = sql`(r.archived_at is not null)`

async function take(
  tx: Executor,
  host: string,
  wants: readonly Wanted[],
  inHand: readonly number[],
  now: Date
): Promise<Taken[]> {
  const heads = await dueConversations(tx, 'tell', host, wants, inHand, now, ARCHIVED)
  if (heads.length === 0) return []
  const ids = sql`(
    select head.id from unnest(${bigints(heads)}) as conversation(id)
    cross join lateral (
      select i.id from ${outbox} i where i.conversation_id = conversation.id and ${OPEN} order by i.id limit 1
    ) head)`
  return tx.select().from(outbox).where(sql`${outbox.id} in ${ids}`)
}

async function settle(tx: Executor, ended: readonly Ended[], now: Date): Promise<void> {
  if (ended.length === 0) return
  const ids = ended.map(({ taken }) => taken.conversationId)
  await lockConversations(tx, ids)
  const changes = ended.flatMap(({ taken, next }) =>
    next.kind === 'archived' ? [] : [{ id: taken.id, ...columns(next, now) }]
  )
  await tx.execute(sql`
    update ${outbox} i
    set state = e.state, reason = e.reason, attempts = i.attempts + 1, due_at = coalesce(e.due_at, i.due_at), settled_at = e.settled_at
    from json_to_recordset(${JSON.stringify(changes)}::json) as e(id bigint, state text, reason text, due_at timestamptz, settled_at timestamptz)
    where i.id = e.id and ${OPEN}`)

  const archived = ended.filter(({ next }) => next.kind === 'archived').map(({ taken }) => taken.registrationId)
  if (archived.length > 0)
    await tx
      .update(registrations)
      .set({ archivedAt: now })
      .where(and(inArray(registrations.id, archived), isNull(registrations.archivedAt)))
  const delivered = ended.filter(({ next }) => next.kind === 'delivered').map(({ taken }) => taken.registrationId)
  await noteTold(tx, delivered, now)
  await refreshDue(tx, 'tell', ids, sql`${outbox}`, OPEN)
}

/** Now and then is enough: it only tells a CRM that is away from one that refuses a single item. */
async function noteTold(tx: Executor, registrationIds: readonly number[], now: Date): Promise<void> {
  if (registrationIds.length === 0) return
  const old = new Date(now.getTime() - NOTED_MS)
  await tx
    .update(registrations)
    .set({ toldAt: now })
    .where(
      and(
        inArray(registrations.id, [...new Set(registrationIds)]),
        or(isNull(registrations.toldAt), lt(registrations.toldAt, old))
      )
    )
}

const NOTED_MS = 10_000

const columns = (next: Exclude<Next, { kind: 'archived' }>, now: Date) =>
  next.kind === 'again'
    ? { state: 'waiting', reason: plain(next.reason), due_at: next.at, settled_at: null }
    : { state: next.kind, reason: next.reason && plain(next.reason), due_at: null, settled_at: now }

interface Parts {
  database: Pick<Database, 'db'>
  /** The name of this host. */
  host: string
  tell: (taken: Taken) => Promise<Ended>
  now: () => Date
}

/** Items for CRMs as the pump works on them. Registrations of one cluster share it: it may be slow for all of them. */
export const crmLine = ({ database, host, tell, now }: Parts): Line<Taken, Ended> => ({
  claim: async ids =>
    (await claim(database, 'tell', host, ids)).map(({ registrationId, clusterUri }) => ({
      registrationId,
      group: new URL(clusterUri).origin
    })),
  turn: (done, wants, inHand) =>
    database.db.transaction(async tx => {
      await settle(tx, done, now())
      return take(tx, host, wants, inHand, now())
    }),
  rest: (ids, all) => letGo(database, 'tell', host, ids, all, now()),
  work: tell
})

/** A registration that its CRM had archived is back: what waited for it goes on. */
export async function resume(tx: Executor, registrationId: number): Promise<void> {
  const [waiting] = await tx
    .select({ id: conversations.id })
    .from(conversations)
    .where(and(eq(conversations.registrationId, registrationId), sql`${conversations.tellingDue} is not null`))
    .limit(1)
  if (waiting) await wake(tx, 'tell', [registrationId])
}
