import { asc, eq, inArray, sql } from 'drizzle-orm'
import { type CrmNews, tellCrm } from '../crm/news.ts'
import type { Executor } from '../database/connect.ts'
import { lockConversations } from '../database/conversations.ts'
import { bigints, dueConversations, type Wanted } from '../database/heads.ts'
import { addJob } from '../database/jobs.ts'
import { conversations, messages, registrations } from '../database/schema.ts'
import { plain } from '../database/text.ts'
import { heedEarly } from './early.ts'
import { type Ended, type Taken, type Written, writeEnded } from './ended.ts'
import { storeEvents } from './events.ts'
import { writeMemories } from './memory.ts'
import { type PaceOf, writePaces } from './pace.ts'
import { partsOf } from './parts.ts'
import { comingOf, type Next } from './policy.ts'
import { OPEN, refreshSending } from './queue.ts'
import { settleParts } from './settle-parts.ts'

/** The messages that this host has in hand: taking them, and writing down what became of them. */

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
    set state = 'sending', attempts = m.attempts + case when head.state = 'waiting' then 1 else 0 end,
      doubt = case when head.state = 'waiting' then nullif(m.doubt, 'channel') else m.doubt end
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
  const parts = await partsOf(
    tx,
    rows.flatMap(({ message }) => (message.inParts ? [message.id] : []))
  )
  return rows.map(({ message, conversation }) => ({
    registrationId: message.registrationId,
    conversationId: message.conversationId,
    message,
    conversation,
    parts: parts.get(message.id) ?? [],
    interrupted: interrupted.get(message.id) ?? false
  }))
}

/** Writes down how attempts ended, unless another host has taken the message over meanwhile. */
export async function settleMessages(
  tx: Executor,
  all: readonly Ended[],
  now: Date,
  paceOf: PaceOf = () => undefined
): Promise<void> {
  if (all.length === 0) return
  const locked = await lockConversations(
    tx,
    all.map(({ taken }) => taken.conversationId)
  )
  const written = await writeEnded(tx, all, now)
  const ended = all.flatMap(one => {
    const row = written.get(one.taken.message.id)
    return row ? [{ ...one, row }] : []
  })

  const { news, reopened } = await settleParts(tx, ended, now)
  await tellCrm(tx, locked, news)
  await writeMemories(tx, ended.flatMap(remembered))
  await storeEvents(tx, ended.flatMap(immediateEvents), now)
  await heedEarly(tx, ended.flatMap(known))
  await tellCrm(tx, locked, ended.filter(({ taken }) => !reopened.has(taken.message.id)).flatMap(failures))
  for (const { taken, next } of ended) await follow(tx, taken, next, now)
  await writePaces(tx, locked, ended, paceOf)
  await refreshSending(
    tx,
    ended.map(({ taken }) => taken.conversationId)
  )
}

type Settled = Ended & { row: Written }

const known = ({ taken: { registrationId }, next, carried }: Settled) =>
  [...(next.kind === 'accepted' ? [next.outcome] : []), ...(carried?.sent ?? [])].map(({ ref }) => ({
    registrationId,
    ref: plain(ref)
  }))

const remembered = ({ taken: { conversationId }, next }: Settled) =>
  next.kind === 'accepted' && next.outcome.remember !== undefined
    ? [{ conversationId, value: next.outcome.remember }]
    : []

const immediateEvents = ({ taken: { registrationId }, next }: Settled) =>
  next.kind === 'accepted'
    ? (next.outcome.later ?? [])
        .filter(({ afterMs }) => afterMs <= 0)
        .flatMap(({ events }) => events.map(event => ({ registrationId, event })))
    : []

const failures = ({ taken: { message, conversationId }, next }: Settled): CrmNews[] =>
  next.kind === 'failed' && message.crmId !== null
    ? [{ kind: 'status', conversationId, crmId: message.crmId, status: 'error', replays: message.replays }]
    : []

async function follow(tx: Executor, { message }: Taken, next: Next, now: Date): Promise<void> {
  if (next.kind === 'paused')
    await tx
      .update(registrations)
      .set({ pausedUntil: sql`greatest(${registrations.pausedUntil}, ${next.until.toISOString()}::timestamptz)` })
      .where(eq(registrations.id, message.registrationId))
  const [first] = next.kind === 'accepted' ? comingOf(next) : []
  if (first) await addJob(tx, 'later', { message: message.id }, { at: new Date(now.getTime() + first.afterMs) })
}
