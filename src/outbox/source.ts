import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database, Executor } from '../postgres/connect.ts'
import { faultOf } from '../postgres/fault.ts'
import { plain } from '../postgres/sanitize-text.ts'
import { conversations, outbox, registrations } from '../postgres/schema/schema.ts'
import { call } from '../postgres/sql-routine.ts'
import { claim, handOver, letGo, ownedBy } from '../queue/claims.ts'
import { lockConversations, lockRegistrations, wake } from '../queue/conversations.ts'
import { refreshDue } from '../queue/due-times.ts'
import type { Line } from '../queue/work-source.ts'
import { TELL_TURN } from './outbox-turn.ts'

/** What this host has in hand to tell CRMs: taking it, and writing down what became of it. */

export type Taken = Pick<
  typeof outbox.$inferSelect,
  'id' | 'registrationId' | 'conversationId' | 'kind' | 'body' | 'attempts' | 'offeredSince'
>

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
export const OPEN = sql`i.settled_at is null`

/** As a routine hands them over. */
interface Row {
  id: string
  registration_id: string
  conversation_id: string
  kind: Taken['kind']
  body: object
  attempts: number
  offered_since: Date
}

const takenOf = (row: Row): Taken => ({
  id: Number(row.id),
  registrationId: Number(row.registration_id),
  conversationId: Number(row.conversation_id),
  kind: row.kind,
  body: row.body,
  attempts: row.attempts,
  offeredSince: row.offered_since
})

function settled({ taken: { id }, next }: Ended, now: Date): object {
  switch (next.kind) {
    // It waits for the CRM to register again, as it was.
    case 'archived':
      return {}
    case 'again':
      return { id, state: 'waiting', reason: plain(next.reason), due_at: next.at }
    default:
      return { id, state: next.kind, reason: next.reason && plain(next.reason), settled_at: now }
  }
}

/**
 * Parks an item of which it could not be stored what became of it, so that it
 * holds up nobody; an operator may offer it once more.
 */
export const newsSetAside =
  ({ database: { db }, now, log }: Pick<Parts, 'database' | 'now'> & { log: Pick<FastifyBaseLogger, 'error'> }) =>
  async ({ taken: { id, registrationId, conversationId } }: Ended, error: unknown): Promise<void> => {
    const reason = `what became of it could not be stored: ${faultOf(error)}`
    log.error({ item: id, registration: registrationId, reason }, 'an item for the CRM was set aside')
    await db.transaction(async tx => {
      await lockConversations(tx, [conversationId])
      await tx
        .update(outbox)
        .set({ state: 'parked', reason, settledAt: now() })
        .where(and(eq(outbox.id, id), eq(outbox.state, 'waiting')))
      await refreshDue(tx, 'tell', [conversationId], sql`${outbox}`, OPEN)
    })
  }

interface Parts {
  database: Pick<Database, 'db' | 'pool'>
  /** The name of this host. */
  host: string
  tell: (taken: Taken) => Promise<Ended>
  now: () => Date
}

/** Items for CRMs as the pump works on them. Registrations of one cluster share it: it may be slow for all of them. */
export function crmLine({ database, host, tell, now }: Parts): Line<Taken, Ended> {
  const notes = toldNotes(database, now)

  return {
    claim: async ids =>
      (await claim(database, 'tell', host, ids)).map(({ registrationId, clusterUri }) => ({
        registrationId,
        group: URL.parse(clusterUri)?.origin ?? clusterUri
      })),
    async turn(done, wants, inHand) {
      const archived = done.filter(({ next }) => next.kind === 'archived').map(({ taken }) => taken.registrationId)
      if (archived.length > 0) await archive(database, archived, now())
      await notes.write(done)
      const at = now()
      const kept = done.filter(({ next }) => next.kind !== 'archived')
      const rows = await call<Row>(database.pool, TELL_TURN, [
        host,
        kept.map(({ taken }) => taken.id),
        kept.map(({ taken }) => taken.conversationId),
        JSON.stringify(kept.map(one => settled(one, at))),
        JSON.stringify(wants.map(({ registrationId, free }) => ({ registration: registrationId, free }))),
        inHand,
        at
      ])
      return rows.map(takenOf)
    },
    rest: (ids, all) => letGo(database, 'tell', host, ids, all, now()),
    hand: (ids, to) => handOver(database, 'tell', host, ids, to),
    mine: () => ownedBy(database, 'tell', host),
    work: tell
  }
}

const archive = ({ db }: Pick<Database, 'db'>, registrationIds: readonly number[], now: Date) =>
  db.transaction(async tx => {
    await lockRegistrations(tx, registrationIds, 'no key update')
    await tx
      .update(registrations)
      .set({ archivedAt: now })
      .where(and(inArray(registrations.id, [...registrationIds]), isNull(registrations.archivedAt)))
  })

/** When a CRM last took something. Now and then is enough: it only tells a CRM that is away from one that refuses a single item. */
function toldNotes({ db }: Pick<Database, 'db'>, now: () => Date) {
  const noted = new Map<number, number>()

  return {
    async write(done: readonly Ended[]): Promise<void> {
      const at = now()
      const delivered = done.filter(({ next }) => next.kind === 'delivered').map(({ taken }) => taken.registrationId)
      // One by one: whoever locks several does so in an order of their own.
      for (const id of new Set(delivered)) {
        if (at.getTime() - (noted.get(id) ?? 0) < NOTED_MS) continue
        await db.update(registrations).set({ toldAt: at }).where(eq(registrations.id, id))
        noted.set(id, at.getTime())
      }
    }
  }
}

const NOTED_MS = 10_000

/** A registration that its CRM had archived is back: what waited for it goes on. */
export async function resume(tx: Executor, registrationId: number): Promise<void> {
  const [waiting] = await tx
    .select({ id: conversations.id })
    .from(conversations)
    .where(and(eq(conversations.registrationId, registrationId), sql`${conversations.tellingDue} is not null`))
    .limit(1)
  if (waiting) await wake(tx, 'tell', [registrationId])
}
