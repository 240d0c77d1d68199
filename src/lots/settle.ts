import type { Cost } from 'channel-kit/event'
import { and, asc, between, eq, sql } from 'drizzle-orm'
import { suppressedReason } from '../contacts/suppressions.ts'
import type { AttemptResult, ClaimedMessage } from '../delivery/attempt.ts'
import { settleMessages } from '../delivery/settle.ts'
import { type Heard, NO_METER, nothingHeard, tellHeard } from '../metrics/meter.ts'
import type { Executor } from '../postgres/connect.ts'
import { faultOf, isFault } from '../postgres/fault.ts'
import { bigints } from '../postgres/ids.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import { conversations, type SuppressedPurpose } from '../postgres/schema/conversations.ts'
import { type ItemState, lotItems } from '../postgres/schema/lots.ts'
import { messages } from '../postgres/schema/messages.ts'
import { lockConversations, wake } from '../queue/locks.ts'
import { saveActivity } from '../registrations/activity.ts'
import type { LotRow } from './claim.ts'
import { releaseHeld } from './place.ts'
import type { LotWork } from './step.ts'

/** Settles the messages of a lot as if each had been sent by itself. */

/** Messages of one transaction: so few that no other transaction waits long for their conversations. */
export const LOT_BATCH = 500

export type Verdict =
  | { kind: 'accepted'; ref: string; cost: Cost | null }
  | { kind: Extract<ItemState, 'rejected' | 'failed' | 'unknown' | 'cancelled'>; reason: string }

interface Range {
  firstItem: number
  lastItem: number
}

interface Which {
  range?: Range | undefined
  /** Only those whose contact is suppressed for this purpose. */
  unwanted?: SuppressedPurpose | undefined
  limit: number
}

/** Settles the waiting items of a lot or of one chunk. Settled items are skipped, so a call may be repeated. */
export async function settleItems(
  { database, now, meter = NO_METER }: Pick<LotWork, 'database' | 'now' | 'meter'>,
  lot: Pick<LotRow, 'id' | 'registrationId'>,
  { range, unwanted, ...verdict }: Verdict & Omit<Which, 'limit'>
): Promise<void> {
  const settleBatch = async (limit: number, verdict: Verdict) => {
    const heard = nothingHeard()
    const settled = await database.db.transaction(tx =>
      settleSome(tx, lot, verdict, { range, unwanted, limit, heard }, now())
    )
    meter.settled(lot.registrationId, verdict.kind === 'accepted' ? 'accepted' : 'failed', settled)
    tellHeard(meter, heard)
    return settled === limit
  }
  let limit = LOT_BATCH
  for (let more = true; more; )
    try {
      more = await settleBatch(limit, verdict)
    } catch (error) {
      if (!isFault(error)) throw error
      // A batch that fails is settled item by item; an item that fails alone is settled with the simplest verdict.
      if (limit > 1) limit = 1
      else
        more = await settleBatch(1, {
          kind: 'unknown',
          reason: `what became of it could not be stored: ${faultOf(error)}`
        })
    }
  if (verdict.kind === 'accepted') await saveActivity(database, 'sentAt', [lot.registrationId], now())
}

async function settleSome(
  tx: Executor,
  { id, registrationId }: Pick<LotRow, 'id' | 'registrationId'>,
  verdict: Verdict,
  { range, unwanted, limit, heard }: Which & { heard: Heard },
  now: Date
): Promise<number> {
  const inRange = range && between(lotItems.id, range.firstItem, range.lastItem)
  const rows = await tx
    .select({ item: lotItems.id, message: messages, conversation: conversations })
    .from(lotItems)
    .innerJoin(messages, eq(messages.id, lotItems.messageId))
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(and(eq(lotItems.lotId, id), inRange, unwantedFor(unwanted), eq(lotItems.state, 'waiting')))
    .orderBy(asc(lotItems.id))
    .limit(limit)
  if (rows.length === 0) return 0

  const ids = rows.map(({ conversation }) => conversation.id)
  await lockConversations(tx, ids)
  await tx.execute(sql`
    update ${messages} set state = 'sending'
    where id = any(${bigints(rows.map(({ message }) => message.id))}) and state = 'gathered'`)
  const released = await releaseHeld(tx, ids, now)
  await settleMessages(
    tx,
    rows.map(({ message, conversation }) => resultOf(claimedItem(message, conversation), verdict, now)),
    now,
    { heard }
  )
  const reason = verdict.kind === 'accepted' ? null : sanitize(verdict.reason)
  await tx.execute(sql`
    update ${lotItems} set state = ${verdict.kind}, reason = ${reason} where id = any(${bigints(rows.map(({ item }) => item))})`)
  if (released) await wake(tx, 'send', [registrationId])
  return rows.length
}

/** Ends items of a lot, or of a chunk that was never tried, whose contacts were suppressed while the lot gathered. */
export async function endUnwanted(
  work: Pick<LotWork, 'database' | 'now' | 'meter'>,
  lot: LotRow,
  range?: Range
): Promise<void> {
  for (const unwanted of ['all', 'marketing'] as const)
    await settleItems(work, lot, { kind: 'cancelled', reason: suppressedReason(unwanted), range, unwanted })
}

function unwantedFor(purpose: SuppressedPurpose | undefined) {
  if (purpose === undefined) return undefined
  return purpose === 'all'
    ? eq(conversations.suppressed, 'all')
    : and(eq(conversations.suppressed, 'marketing'), eq(messages.purpose, 'marketing'))
}

const claimedItem = (
  message: ClaimedMessage['message'],
  conversation: ClaimedMessage['conversation']
): ClaimedMessage => ({
  registrationId: message.registrationId,
  conversationId: message.conversationId,
  message,
  conversation,
  parts: [],
  interrupted: false
})

function resultOf(claimed: ClaimedMessage, verdict: Verdict, now: Date): AttemptResult {
  if (verdict.kind === 'accepted') return acceptedResult(claimed, verdict, now)
  const failed = failedResult(claimed, verdict.reason, now, verdict.kind === 'unknown' ? 'unknown' : 'rejected')
  // Nothing was tried.
  return verdict.kind === 'cancelled' ? { ...failed, storyEntry: endedEntry(verdict.reason, now) } : failed
}

const endedEntry = (reason: string, now: Date) => ({
  kind: 'ended' as const,
  at: now.toISOString(),
  reason: sanitize(reason)
})

function acceptedResult(
  claimed: ClaimedMessage,
  { ref: lotRef, cost }: Extract<Verdict, { kind: 'accepted' }>,
  now: Date
): AttemptResult {
  const ref = refInLot(lotRef, claimed.message.id)
  const sent = { kind: 'status' as const, ref, status: 'sent' as const, ...(cost === null ? {} : { cost }) }
  return {
    claimed,
    decision: {
      kind: 'accepted',
      outcome: {
        kind: 'accepted',
        ref,
        later: [{ afterMs: 0, events: [sent] }]
      }
    },
    storyEntry: {
      kind: 'attempt',
      at: now.toISOString(),
      number: claimed.message.attempts,
      outcome: 'accepted',
      ref,
      durationMs: 0
    }
  }
}

export const failedResult = (
  claimed: ClaimedMessage,
  reason: string,
  now: Date,
  outcome: 'rejected' | 'unknown' = 'rejected'
): AttemptResult => ({
  claimed,
  decision: { kind: 'failed', reason, ...(outcome === 'unknown' ? { doubt: 'channel' } : {}) },
  storyEntry: {
    kind: 'attempt',
    at: now.toISOString(),
    number: claimed.message.attempts,
    outcome,
    reason: sanitize(reason),
    durationMs: 0
  }
})

/** A ref for a message of a lot, since gateways give ids to lots only. */
export const refInLot = (lotRef: string, message: number) => sanitize(`${lotRef}/${message}`)
