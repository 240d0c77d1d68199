import { and, asc, eq, inArray, sql } from 'drizzle-orm'
import type { NewEvent } from '../events/event.ts'
import { writeEvents } from '../events/write.ts'
import { END_BATCH, ENDABLE, endWaitingIn } from '../messages/end-waiting.ts'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import type { Conversation } from '../postgres/schema/conversations.ts'
import {
  conversations,
  type SuppressedPurpose,
  type SuppressionSource,
  suppressions
} from '../postgres/schema/conversations.ts'
import { messages } from '../postgres/schema/messages.ts'

/**
 * Suppressions: contacts that want no marketing, or nothing at all. A suppression belongs to a conversation, hence to all
 * names of its contact. `conversations.suppressed` repeats the strongest one, since it is read where messages are accepted
 * and taken: there, a message that may not be sent ends without a call of its gateway.
 */

type Talk = Pick<Conversation, 'id' | 'registrationId' | 'contact'>

export interface Suppressing {
  purpose: SuppressedPurpose
  source: SuppressionSource
  note?: string | null
  now: Date
}

/** The reason that people read of a message that ends for it. */
export const suppressedReason = (purpose: SuppressedPurpose): string =>
  purpose === 'all'
    ? 'suppressed: the contact is to get no messages, until this is lifted with /optin or by the API'
    : 'suppressed: the contact wants no marketing'

/**
 * Suppresses conversations for a purpose, and ends what waits for them. The caller has locked them and, shared, their
 * registrations. Answers how many were not before, and how many messages ended.
 */
export async function suppressIn(
  tx: Executor,
  locked: readonly Talk[],
  { purpose, source, note = null, now }: Suppressing
): Promise<{ suppressed: number; ended: number }> {
  if (locked.length === 0) return { suppressed: 0, ended: 0 }
  const added = await tx
    .insert(suppressions)
    .values(locked.map(({ id, registrationId }) => ({ registrationId, conversationId: id, purpose, source, note })))
    .onConflictDoNothing()
    .returning({ conversationId: suppressions.conversationId })
  const ids = new Set(added.map(({ conversationId }) => conversationId))
  const fresh = locked.filter(({ id }) => ids.has(id))
  await saveStrongest(
    tx,
    fresh.map(({ id }) => id)
  )
  await writeEvents(
    tx,
    fresh.map(talk => suppressedEvent(talk, { suppressed: true, purpose, source }))
  )
  return { suppressed: fresh.length, ended: await endWaitingFor(tx, fresh, purpose, now) }
}

/** Lifts suppressions, those of one purpose or all. The caller has locked the conversations. Answers of how many contacts. */
export async function liftIn(
  tx: Executor,
  locked: readonly Talk[],
  { purpose, source }: { purpose?: SuppressedPurpose | undefined; source: SuppressionSource }
): Promise<number> {
  if (locked.length === 0) return 0
  const ids = locked.map(({ id }) => id)
  await tx
    .update(conversations)
    .set({
      ...(purpose === 'all' ? {} : { marketingLiftedAt: sql`now()` }),
      ...(purpose === 'marketing' ? {} : { allLiftedAt: sql`now()` })
    })
    .where(sql`${conversations.id} = any(${bigints(ids)})`)
  const lifted = await tx
    .delete(suppressions)
    .where(
      and(
        inArray(suppressions.conversationId, ids),
        purpose === undefined ? undefined : eq(suppressions.purpose, purpose)
      )
    )
    .returning({ conversationId: suppressions.conversationId, purpose: suppressions.purpose })
  if (lifted.length === 0) return 0
  await saveStrongest(tx, ids)
  const byId = new Map(locked.map(talk => [talk.id, talk]))
  await writeEvents(
    tx,
    lifted.flatMap(({ conversationId, purpose }) => {
      const talk = byId.get(conversationId ?? 0)
      return talk ? [suppressedEvent(talk, { suppressed: false, purpose, source })] : []
    })
  )
  return new Set(lifted.map(({ conversationId }) => conversationId)).size
}

const suppressedEvent = (
  { id, registrationId }: Talk,
  body: { suppressed: boolean; purpose: SuppressedPurpose; source: SuppressionSource }
): NewEvent => ({ registrationId, conversationId: id, type: 'contact.suppressed', body })

async function saveStrongest(tx: Executor, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  // 'all' comes before 'marketing'.
  const strongest = sql`(select min(${suppressions.purpose}) from ${suppressions} where ${suppressions.conversationId} = ${conversations.id})`
  await tx
    .update(conversations)
    .set({ suppressed: strongest })
    .where(sql`${conversations.id} = any(${bigints(ids)})`)
}

async function endWaitingFor(
  tx: Executor,
  talks: readonly Talk[],
  purpose: SuppressedPurpose,
  now: Date
): Promise<number> {
  if (talks.length === 0) return 0
  const waiting = await tx
    .select({ id: messages.id })
    .from(messages)
    .where(
      and(
        sql`${messages.conversationId} = any(${bigints(talks.map(({ id }) => id))})`,
        ENDABLE,
        purpose === 'all' ? undefined : eq(messages.purpose, 'marketing')
      )
    )
    .orderBy(asc(messages.id))
  let ended = 0
  for (let from = 0; from < waiting.length; from += END_BATCH) {
    const ids = waiting.slice(from, from + END_BATCH).map(({ id }) => id)
    ended += await endWaitingIn(tx, ids, { reason: suppressedReason(purpose), now })
  }
  return ended
}
