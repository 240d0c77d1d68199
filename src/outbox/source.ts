import { and, eq, inArray, isNull, sql } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import type { Database, Executor } from '../postgres/connect.ts'
import { faultOf } from '../postgres/fault.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import { conversations, outbox, registrations } from '../postgres/schema/schema.ts'
import { callRoutine, readRoutine } from '../postgres/sql-routine.ts'
import { claim, claimedBy, handOff, release } from '../queue/claims.ts'
import { lockConversations, lockRegistrations, wake } from '../queue/conversations.ts'
import { refreshDue } from '../queue/due-times.ts'
import type { WorkSource } from '../queue/work-source.ts'
import { createActivity } from '../registrations/activity.ts'

/** Outbox items as work of this host: claimed, delivered, settled. */

export type ClaimedItem = Pick<
  typeof outbox.$inferSelect,
  'id' | 'registrationId' | 'conversationId' | 'kind' | 'body' | 'attempts' | 'offeredSince'
>

/** The decision after an attempt to deliver. */
export type DeliveryDecision =
  | { kind: 'delivered' | 'stopped' | 'parked'; reason: string | null }
  | { kind: 'again'; at: Date; reason: string }
  /** The CRM has archived the registration: nothing is delivered until it registers again. */
  | { kind: 'archived' }

export interface DeliveryResult {
  claimed: ClaimedItem
  decision: DeliveryDecision
}

const OUTBOX_TURN = readRoutine(new URL('./outbox-turn.sql', import.meta.url), 'outbox_turn')

/** A claimed item as the routine returns it. */
interface Row {
  id: string
  registration_id: string
  conversation_id: string
  kind: ClaimedItem['kind']
  body: object
  attempts: number
  offered_since: Date
}

const takenOf = (row: Row): ClaimedItem => ({
  id: Number(row.id),
  registrationId: Number(row.registration_id),
  conversationId: Number(row.conversation_id),
  kind: row.kind,
  body: row.body,
  attempts: row.attempts,
  offeredSince: row.offered_since
})

function settled({ claimed: { id }, decision: next }: DeliveryResult, now: Date): object {
  switch (next.kind) {
    // The item is kept unchanged until the CRM registers again.
    case 'archived':
      return {}
    case 'again':
      return { id, state: 'waiting', reason: sanitize(next.reason), due_at: next.at }
    default:
      return { id, state: next.kind, reason: next.reason && sanitize(next.reason), settled_at: now }
  }
}

/**
 * Parks an item whose result could not be stored, so that it holds up no other;
 * an operator may replay it.
 */
export const setItemAside =
  ({ database: { db }, now, log }: Pick<Deps, 'database' | 'now'> & { log: Pick<FastifyBaseLogger, 'error'> }) =>
  async ({ claimed: { id, registrationId, conversationId } }: DeliveryResult, error: unknown): Promise<void> => {
    const reason = `what became of it could not be stored: ${faultOf(error)}`
    log.error(
      { event: 'outbox.set_aside', item: id, registration: registrationId, reason },
      'outbox item set aside: its result could not be stored'
    )
    await db.transaction(async tx => {
      await lockConversations(tx, [conversationId])
      await tx
        .update(outbox)
        .set({ state: 'parked', reason, settledAt: now() })
        .where(and(eq(outbox.id, id), eq(outbox.state, 'waiting')))
      await refreshDue(tx, 'tell', [conversationId])
    })
  }

interface Deps {
  database: Pick<Database, 'db' | 'pool'>
  /** The name of this host. */
  host: string
  tell: (taken: ClaimedItem) => Promise<DeliveryResult>
  now: () => Date
}

/** Outbox items as the dispatcher works on them. Registrations of one cluster are a group: it may be slow for all of them. */
export function outboxSource({ database, host, tell, now }: Deps): WorkSource<ClaimedItem, DeliveryResult> {
  const tookItems = createActivity(database, 'toldAt')

  return {
    claim: async ids =>
      (await claim(database, 'tell', host, ids)).map(({ registrationId, clusterUri }) => ({
        registrationId,
        group: URL.parse(clusterUri)?.origin ?? clusterUri
      })),
    async settleAndClaim(done, wants, inHand) {
      const archived = done
        .filter(({ decision: next }) => next.kind === 'archived')
        .map(({ claimed: taken }) => taken.registrationId)
      if (archived.length > 0) await archive(database, archived, now())
      const at = now()
      await tookItems(
        done.filter(({ decision }) => decision.kind === 'delivered').map(({ claimed }) => claimed.registrationId),
        at
      )
      const kept = done.filter(({ decision: next }) => next.kind !== 'archived')
      const rows = await callRoutine<Row>(database.pool, OUTBOX_TURN, [
        host,
        kept.map(({ claimed: taken }) => taken.id),
        kept.map(({ claimed: taken }) => taken.conversationId),
        JSON.stringify(kept.map(one => settled(one, at))),
        JSON.stringify(wants.map(({ registrationId, free }) => ({ registration: registrationId, free }))),
        inHand,
        at
      ])
      return rows.map(takenOf)
    },
    release: (ids, all) => release(database, 'tell', host, ids, all, now()),
    handOff: (ids, to) => handOff(database, 'tell', host, ids, to),
    claimed: () => claimedBy(database, 'tell', host),
    process: tell
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

/** Makes the waiting items due of a registration that its CRM had archived and that is back. */
export async function resumeArchived(tx: Executor, registrationId: number): Promise<void> {
  const [waiting] = await tx
    .select({ id: conversations.id })
    .from(conversations)
    .where(and(eq(conversations.registrationId, registrationId), sql`${conversations.tellingDue} is not null`))
    .limit(1)
  if (waiting) await wake(tx, 'tell', [registrationId])
}
