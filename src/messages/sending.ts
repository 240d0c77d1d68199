import { asc, eq, inArray, sql } from 'drizzle-orm'
import { type CrmNews, tellCrm } from '../crm/news.ts'
import type { Executor } from '../database/connect.ts'
import { type Conversation, lockConversations } from '../database/conversations.ts'
import { bigints, dueConversations, refreshDue, type Wanted } from '../database/heads.ts'
import { addJob } from '../database/jobs.ts'
import { conversations, messages, registrations } from '../database/schema.ts'
import { plain } from '../database/text.ts'
import { heedEarly } from './early.ts'
import { storeEvents } from './events.ts'
import { LONGEST_MS, type Next } from './policy.ts'
import type { Chapter } from './story.ts'

/** The messages that this host has in hand: taking them, and writing down what became of them. */

export interface Taken {
  registrationId: number
  conversationId: number
  message: typeof messages.$inferSelect
  conversation: Conversation
  /** A host was stopped while it sent this one; it may have left. */
  interrupted: boolean
}

export interface Ended {
  taken: Taken
  next: Next
  /** What the message's story tells of this attempt. */
  told: Extract<Chapter, { kind: 'attempt' }>
}

/** What makes a message `i` one that is not settled. */
export const OPEN = sql`i.state in ('waiting', 'sending')`
const PAUSED = (now: Date) => sql`coalesce(r.paused_until > ${now.toISOString()}::timestamptz, false)`

/** Marks the heads of conversations as being sent: who finds one marked after a crash knows that it may have left. */
export async function takeMessages(
  tx: Executor,
  host: string,
  wants: readonly Wanted[],
  inHand: readonly number[],
  now: Date
): Promise<Taken[]> {
  const heads = await dueConversations(tx, 'send', host, wants, inHand, now, PAUSED(now))
  if (heads.length === 0) return []

  const { rows: marked } = await tx.execute<{ id: string; interrupted: boolean }>(sql`
    update ${messages} m
    set state = 'sending', attempts = m.attempts + case when head.state = 'waiting' then 1 else 0 end
    from unnest(${bigints(heads)}) as conversation(id)
    cross join lateral (
      select i.id, i.state from ${messages} i where i.conversation_id = conversation.id and ${OPEN} order by i.id limit 1
    ) head
    where m.id = head.id
    returning m.id, head.state = 'sending' interrupted`)
  const interrupted = new Map(marked.map(row => [Number(row.id), row.interrupted]))

  const rows = await tx
    .select({ message: messages, conversation: conversations })
    .from(messages)
    .innerJoin(conversations, eq(conversations.id, messages.conversationId))
    .where(inArray(messages.id, [...interrupted.keys()]))
    .orderBy(asc(messages.id))
  return rows.map(({ message, conversation }) => ({
    registrationId: message.registrationId,
    conversationId: message.conversationId,
    message,
    conversation,
    interrupted: interrupted.get(message.id) ?? false
  }))
}

/** Writes down how attempts ended, unless another host has taken the message over meanwhile. */
export async function settleMessages(tx: Executor, all: readonly Ended[], now: Date): Promise<void> {
  if (all.length === 0) return
  const locked = await lockConversations(
    tx,
    all.map(({ taken }) => taken.conversationId)
  )
  const ours = await write(tx, all, now)
  const ended = all.filter(({ taken }) => ours.has(taken.message.id))

  await storeEvents(tx, ended.flatMap(immediateEvents), now)
  await heedEarly(tx, ended.flatMap(known))
  await tellCrm(tx, locked, ended.flatMap(failures))
  for (const { taken, next } of ended) await follow(tx, taken, next, now)
  await refreshDue(
    tx,
    'send',
    ended.map(({ taken }) => taken.conversationId),
    sql`${messages}`,
    OPEN
  )
}

async function write(tx: Executor, ended: readonly Ended[], now: Date): Promise<Set<number>> {
  const changes = ended.map(({ taken: { message }, next, told }) => ({
    id: message.id,
    attempts: message.attempts,
    replays: message.replays,
    story: [told],
    ...columns(next, now)
  }))
  const { rows: written } = await tx.execute<{ id: string }>(sql`
    update ${messages} m
    set state = e.state, ref = coalesce(e.ref, m.ref), reason = e.reason, later = e.later::json, status = coalesce(e.status, m.status),
      due_at = coalesce(e.due_at, m.due_at), settled_at = e.settled_at, attempts = m.attempts - e.uncounted,
      story = m.story || e.story
    from json_to_recordset(${JSON.stringify(changes)}::json) as e(
      id bigint, attempts int, replays int, state text, ref text, reason text, later text, status text, due_at timestamptz, settled_at timestamptz, uncounted int, story jsonb)
    where m.id = e.id and m.state = 'sending' and m.attempts = e.attempts and m.replays = e.replays
    returning m.id`)
  return new Set(written.map(({ id }) => Number(id)))
}

function columns(next: Next, now: Date) {
  switch (next.kind) {
    case 'accepted': {
      const later = comingOf(next)
      return {
        state: 'accepted',
        ref: plain(next.outcome.ref),
        // As a text of its own: taken apart by the database, it could not hold NUL.
        later: later.length > 0 ? JSON.stringify(later) : null,
        settled_at: now,
        uncounted: 0
      }
    }
    case 'failed':
      return { state: 'failed', status: 'error', reason: plain(next.reason), settled_at: now, uncounted: 0 }
    case 'again':
      return { state: 'waiting', reason: plain(next.reason), due_at: next.at, uncounted: 0 }
    case 'paused':
      return { state: 'waiting', reason: plain(next.reason), due_at: next.until, uncounted: 1 }
  }
}

type Accepted = Extract<Next, { kind: 'accepted' }>

const comingOf = ({ outcome: { later = [] } }: Accepted) =>
  later
    .filter(({ afterMs }) => afterMs > 0)
    .map(one => ({ ...one, afterMs: Math.min(one.afterMs, LONGEST_MS) }))
    .toSorted((a, b) => a.afterMs - b.afterMs)

const known = ({ taken: { registrationId }, next }: Ended) =>
  next.kind === 'accepted' ? [{ registrationId, ref: plain(next.outcome.ref) }] : []

const immediateEvents = ({ taken: { registrationId }, next }: Ended) =>
  next.kind === 'accepted'
    ? (next.outcome.later ?? [])
        .filter(({ afterMs }) => afterMs <= 0)
        .flatMap(({ events }) => events.map(event => ({ registrationId, event })))
    : []

const failures = ({ taken: { message, conversationId }, next }: Ended): CrmNews[] =>
  next.kind === 'failed' && message.crmId !== null
    ? [{ kind: 'status', conversationId, crmId: message.crmId, status: 'error', replays: message.replays }]
    : []

async function follow(tx: Executor, { message }: Taken, next: Next, now: Date): Promise<void> {
  if (next.kind === 'paused')
    await tx.update(registrations).set({ pausedUntil: next.until }).where(eq(registrations.id, message.registrationId))
  const [first] = next.kind === 'accepted' ? comingOf(next) : []
  if (first) await addJob(tx, 'later', { message: message.id }, { at: new Date(now.getTime() + first.afterMs) })
}
