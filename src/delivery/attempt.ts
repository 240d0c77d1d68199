import type { Status } from 'channel-kit/chat'
import type { GatewayEvent } from 'channel-kit/event'
import type { Part } from 'channel-kit/outcome'
import { sql } from 'drizzle-orm'
import type { StatusNews } from '../events/event.ts'
import { boxed } from '../inbound/conversation-memory.ts'
import { statusItems } from '../inbound/save-status.ts'
import type { StoryEntry } from '../messages/story.ts'
import type { NewOutboxItem } from '../outbox/enqueue.ts'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import type { Conversation, SuppressedPurpose } from '../postgres/schema/conversations.ts'
import type { Doubt, messages } from '../postgres/schema/messages.ts'
import { type Decision, scheduledOf } from './retry-policy.ts'

/** Attempts, and their results as the rows of messages have them. */

export interface ClaimedMessage {
  registrationId: number
  conversationId: number
  bulk?: boolean
  /** Seconds for which it had been due when it was taken. */
  waitedS?: number
  message: Pick<
    typeof messages.$inferSelect,
    | 'id'
    | 'registrationId'
    | 'conversationId'
    | 'crmId'
    | 'body'
    | 'attempts'
    | 'replays'
    | 'ref'
    | 'status'
    | 'reason'
    | 'progress'
    | 'returned'
    | 'doubt'
    | 'partCount'
    | 'inParts'
    | 'alone'
    | 'deaths'
    | 'tellCrm'
    | 'traceparent'
  >
  conversation: Pick<Conversation, 'lastIncomingRef' | 'lastIncomingAt' | 'lastIncomingContext' | 'memory' | 'address'>
  /** Parts that the gateway has. */
  parts: readonly Part[]
  /** A host was stopped while it sent this one; it may have left. */
  interrupted: boolean
  /** Why it is not to be sent after all; null: it is. */
  withheld?: Withheld | null
  /** An earlier attempt may have sent the withheld message. */
  mayHaveLeft?: boolean
}

/** The contact's suppression, the hold of the conversation, or a line that was written since the message's client had read it. */
export type Withheld = SuppressedPurpose | 'held' | 'written'

export interface AttemptResult {
  claimed: ClaimedMessage
  decision: Decision
  /** The entry of the message's story about this attempt, or about the reason that none was needed. */
  storyEntry: Extract<StoryEntry, { kind: 'attempt' | 'confirmed' | 'unconfirmed' | 'ended' }>
  forNext?: ForNextAttempt
}

/** Knowledge that an attempt leaves for the next one. */
export interface ForNextAttempt {
  sent?: readonly Part[]
  progress?: unknown
  /** How many parts a message in doubt has. */
  parts?: number
}

/** Columns of a message after an attempt that others may have changed meanwhile. */
export interface UpdatedMessage {
  status: Status | null
  inParts: boolean
  doubt: Doubt | null
  partCount: number | null
}

/** A result as the columns of its message. */
export const resultRow = (one: AttemptResult, now: Date) => ({
  id: one.claimed.message.id,
  attempts: one.claimed.message.attempts,
  replays: one.claimed.message.replays,
  story: [one.storyEntry] as StoryEntry[],
  uncounted: one.storyEntry.kind === 'attempt' && one.decision.kind !== 'paused' ? 0 : 1,
  in_parts: newParts(one, one.claimed.message.inParts).length > 0,
  part_count: one.forNext?.parts,
  progress: one.forNext?.progress === undefined ? null : boxed(one.forNext.progress),
  ...columns(one, now)
})

/** Writes results. Answers the messages that are still claimed by this attempt, by their ids. */
export async function applyResults(
  tx: Executor,
  results: readonly AttemptResult[],
  now: Date
): Promise<Map<number, UpdatedMessage>> {
  const changes = results.map(result => resultRow(result, now))
  const { rows } = await tx.execute<{ id: string } & Record<keyof UpdatedMessage, never>>(sql`
    select r.id, r.status, r.in_parts "inParts", r.doubt, r.part_count "partCount"
    from pg_temp.apply_results(${bigints(changes.map(({ id }) => id))}, ${JSON.stringify(changes)}::json, false) r`)
  return new Map(rows.map(({ id, ...row }) => [Number(id), row]))
}

/** Events of a result that are true at once. */
export function immediateEvents(decision: Decision): readonly GatewayEvent[] {
  if (decision.kind === 'failed') return decision.events ?? []
  if (decision.kind !== 'accepted') return []
  return (decision.outcome.later ?? []).filter(({ afterMs }) => afterMs <= 0).flatMap(({ events }) => events)
}

/** Outbox items of a message that failed: none where the CRM does not know it. */
export const failureItems = ({ claimed: { message, conversationId }, decision }: AttemptResult): NewOutboxItem[] =>
  decision.kind === 'failed' ? statusItems({ ...message, conversationId }, 'error') : []

/** News for the feed of a message that failed; none where a status told of that before. */
export const failureNews = ({ claimed, decision }: AttemptResult, before = claimed.message.status): StatusNews[] =>
  decision.kind === 'failed' && before !== 'error' ? [{ status: 'error', reason: sanitize(decision.reason) }] : []

function columns({ decision, forNext }: AttemptResult, now: Date) {
  switch (decision.kind) {
    case 'accepted': {
      const later = scheduledOf(decision)
      const first = forNext?.sent?.find(({ part }) => part === 0) ?? decision.outcome
      return {
        state: 'accepted',
        ref: sanitize(first.ref),
        later: later.length > 0 ? JSON.stringify(later) : null,
        settled_at: now
      }
    }
    case 'failed':
      return { state: 'failed', status: 'error', reason: sanitize(decision.reason), settled_at: now }
    case 'again':
      return { state: 'waiting', reason: sanitize(decision.reason), due_at: decision.at, doubt: decision.doubt }
    case 'paused':
      return { state: 'waiting', reason: sanitize(decision.reason) }
  }
}

/** Parts that an attempt tells of; none where the gateway took the whole message as one. `inParts`: some are known. */
export function newParts({ decision, forNext }: AttemptResult, inParts: boolean): Part[] {
  const sent = (forNext?.sent ?? []).map(({ part, ref }) => ({ part, ref: sanitize(ref) }))
  if (decision.kind !== 'accepted') return sent
  if (sent.length === 0) return inParts ? [{ part: 0, ref: sanitize(decision.outcome.ref) }] : []
  return sent.length === 1 && sent[0]?.part === 0 && !inParts ? [] : sent
}
