import { and, eq } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import type { Database } from '../postgres/connect.ts'
import { faultOf } from '../postgres/fault.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import { outbox } from '../postgres/schema/outbox.ts'
import { callRoutine, readRoutine } from '../postgres/sql-routine.ts'
import type { Kind } from '../protocol/special-request.ts'
import { claim, claimedBy, handOff, release } from '../queue/claims.ts'
import { refreshDue } from '../queue/due-times.ts'
import { lockConversations } from '../queue/locks.ts'
import type { WorkSource } from '../queue/work-source.ts'
import { createActivity } from '../registrations/activity.ts'
import { archive } from '../registrations/archive.ts'

/** Outbox items as the dispatcher works on them: their claims, and the results of their deliveries. */

export type ClaimedItem = Pick<
  typeof outbox.$inferSelect,
  'id' | 'registrationId' | 'conversationId' | 'body' | 'attempts' | 'offeredSince'
> & { kind: Kind }

/** The decision that follows an attempt to deliver an item. */
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

/** As json has it. */
type Claimed = Omit<ClaimedItem, 'offeredSince'> & { offeredSince: string }

function resultRow({ claimed: { id }, decision }: DeliveryResult, now: Date): object {
  switch (decision.kind) {
    // The item waits, as it was, for the CRM to register again.
    case 'archived':
      return {}
    case 'again':
      return { id, state: 'waiting', reason: sanitize(decision.reason), due_at: decision.at }
    default:
      return { id, state: decision.kind, reason: decision.reason && sanitize(decision.reason), settled_at: now }
  }
}

/** Parks an item whose result could not be stored, so that it holds up nobody; an operator may offer it once more. */
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
  tell: (claimed: ClaimedItem) => Promise<DeliveryResult>
  now: () => Date
  meter?: Meter
}

/** Registrations of one cluster share a group: the cluster may be slow for all of them. */
export function outboxSource({
  database,
  host,
  tell,
  now,
  meter = NO_METER
}: Deps): WorkSource<ClaimedItem, DeliveryResult> {
  const tookItems = createActivity(database, 'toldAt')

  return {
    claim: async ids =>
      (await claim(database, 'tell', host, ids)).map(({ registrationId, clusterUri }) => ({
        registrationId,
        group: URL.parse(clusterUri)?.origin ?? clusterUri
      })),
    async settleAndClaim(done, wants, inHand) {
      const at = now()
      const registrationsOf = (kind: DeliveryDecision['kind']) =>
        done.filter(({ decision }) => decision.kind === kind).map(({ claimed }) => claimed.registrationId)
      await archive(database, registrationsOf('archived'), at)
      await tookItems(registrationsOf('delivered'), at)
      const results = done.filter(({ decision }) => decision.kind !== 'archived')
      const [turn] = await callRoutine<{ claimed: Claimed[] }>(database.pool, OUTBOX_TURN, [
        host,
        results.map(({ claimed }) => claimed.id),
        results.map(({ claimed }) => claimed.conversationId),
        JSON.stringify(results.map(result => resultRow(result, at))),
        JSON.stringify(wants.map(({ registrationId, free }) => ({ registration: registrationId, free }))),
        inHand,
        at
      ])
      for (const { claimed, decision } of done) meter.told(claimed.registrationId, decision.kind)
      return (turn?.claimed ?? []).map(item => ({ ...item, offeredSince: new Date(item.offeredSince) }))
    },
    release: (ids, all) => release(database, 'tell', host, ids, all, now()),
    handOff: (ids, to) => handOff(database, 'tell', host, ids, to),
    claimed: () => claimedBy(database, 'tell', host),
    process: tell
  }
}
