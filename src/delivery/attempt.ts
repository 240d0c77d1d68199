import type { Status } from 'channel-kit/chat'
import type { Part } from 'channel-kit/outcome'
import { sql } from 'drizzle-orm'
import { boxed } from '../inbound/conversation-memory.ts'
import type { StoryEntry } from '../messages/story.ts'
import type { Executor } from '../postgres/connect.ts'
import { bigints } from '../postgres/ids.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import type { Doubt, messages } from '../postgres/schema/schema.ts'
import type { Conversation } from '../queue/conversations.ts'
import { type Decision, scheduledOf } from './retry-policy.ts'

/** Attempts, and how they ended as messages keep it. */

export interface ClaimedMessage {
  registrationId: number
  conversationId: number
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
  >
  conversation: Pick<Conversation, 'lastIncomingRef' | 'lastIncomingAt' | 'lastIncomingContext' | 'memory' | 'address'>
  /** What the gateway has of it. */
  parts: readonly Part[]
  /** A host was stopped while it sent this one; it may have left. */
  interrupted: boolean
}

export interface AttemptResult {
  claimed: ClaimedMessage
  decision: Decision
  /** What the message's story tells of this attempt, or of what made one needless. */
  storyEntry: Extract<StoryEntry, { kind: 'attempt' | 'confirmed' | 'unconfirmed' }>
  forNext?: ForNextAttempt
}

/** What an attempt leaves for the next one. */
export interface ForNextAttempt {
  sent?: readonly Part[]
  progress?: unknown
  /** How many parts a message in doubt has. */
  parts?: number
}

/** What a message is after an attempt, of what others may have changed meanwhile. */
export interface UpdatedMessage {
  status: Status | null
  inParts: boolean
  doubt: Doubt | null
  partCount: number | null
}

/** What an attempt makes of its message. */
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

/** Answers the messages that were this host's to write to, by their ids. */
export async function applyResults(
  tx: Executor,
  ended: readonly AttemptResult[],
  now: Date
): Promise<Map<number, UpdatedMessage>> {
  const changes = ended.map(one => resultRow(one, now))
  const { rows } = await tx.execute<{ id: string } & Record<keyof UpdatedMessage, never>>(sql`
    select r.id, r.status, r.in_parts "inParts", r.doubt, r.part_count "partCount"
    from pg_temp.apply_results(${bigints(changes.map(({ id }) => id))}, ${JSON.stringify(changes)}::json, false) r`)
  return new Map(rows.map(({ id, ...row }) => [Number(id), row]))
}

function columns({ decision: next, forNext: carried }: AttemptResult, now: Date) {
  switch (next.kind) {
    case 'accepted': {
      const later = scheduledOf(next)
      const first = carried?.sent?.find(({ part }) => part === 0) ?? next.outcome
      return {
        state: 'accepted',
        ref: sanitize(first.ref),
        later: later.length > 0 ? JSON.stringify(later) : null,
        settled_at: now
      }
    }
    case 'failed':
      return { state: 'failed', status: 'error', reason: sanitize(next.reason), settled_at: now }
    case 'again':
      return { state: 'waiting', reason: sanitize(next.reason), due_at: next.at, doubt: next.doubt }
    case 'paused':
      return { state: 'waiting', reason: sanitize(next.reason) }
  }
}

/** The parts that an attempt tells of; none where the gateway took all of a message as one. `inParts`: some are known. */
export function newParts({ decision: next, forNext: carried }: AttemptResult, inParts: boolean): Part[] {
  const sent = (carried?.sent ?? []).map(({ part, ref }) => ({ part, ref: sanitize(ref) }))
  if (next.kind !== 'accepted') return sent
  if (sent.length === 0) return inParts ? [{ part: 0, ref: sanitize(next.outcome.ref) }] : []
  return sent.length === 1 && sent[0]?.part === 0 && !inParts ? [] : sent
}
