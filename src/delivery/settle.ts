import type { GatewayEvent } from 'channel-kit/event'
import { writeMemories } from '../inbound/conversation-memory.ts'
import { storeEvents } from '../inbound/store-events.ts'
import { recheckUnmatched } from '../inbound/unmatched-statuses.ts'
import { refreshSending } from '../messages/enqueue.ts'
import { type KnownPart, partsOf } from '../messages/parts.ts'
import { enqueueOutbox, type NewOutboxItem } from '../outbox/enqueue.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import { callRoutine, readRoutine } from '../postgres/sql-routine.ts'
import { lockConversations, lockRegistrations } from '../queue/conversations.ts'
import { addJob } from '../queue/jobs.ts'
import { pauseByGateway } from '../registrations/pause.ts'
import { type AttemptResult, applyResults, type ClaimedMessage, type UpdatedMessage } from './attempt.ts'
import { type ClaimedRow, claimedOf } from './claimed-message.ts'
import { type PaceOf, writePaces } from './contact-rate-limit.ts'
import { type Decision, pauseUntil, scheduledOf } from './retry-policy.ts'
import { isSimple, simpleRows } from './settle-fast.ts'
import { settleParts } from './settle-parts.ts'

/** The messages that this host has in hand: taking them, and writing down what became of them. */

const SEND_TURN = readRoutine(new URL('./send-turn.sql', import.meta.url), 'send_turn')

interface Turn {
  database: Pick<Database, 'db' | 'pool'>
  /** The name of this host. */
  host: string
  wants: readonly { registrationId: number; free: number }[]
  /** Conversations that are not to be taken again. */
  inHand: readonly number[]
  paceOf?: PaceOf
  now: Date
}

/** Writes down how attempts ended, and takes the next messages of conversations that are due. */
export async function sendTurn(
  done: readonly AttemptResult[],
  { database, host, wants, inHand, paceOf = () => undefined, now }: Turn
): Promise<ClaimedMessage[]> {
  const { plain = [], other = [] } = Object.groupBy(done, one => (isSimple(one, paceOf) ? 'plain' : 'other'))
  const settle = (ended: readonly AttemptResult[]) =>
    ended.length === 0 ? undefined : database.db.transaction(tx => settleMessages(tx, ended, now, paceOf))

  await settle(other)
  const ends = simpleRows(plain, now)
  const rows = await callRoutine<ClaimedRow>(database.pool, SEND_TURN, [
    host,
    ends.ids,
    ends.conversations,
    ends.registrations,
    ends.refs,
    JSON.stringify(ends.rows),
    JSON.stringify(ends.news),
    JSON.stringify(wants.map(({ registrationId, free }) => ({ registration: registrationId, free }))),
    inHand,
    now
  ])
  const unwritten = new Set(rows.flatMap(({ id, unwritten }) => (unwritten ? [Number(id)] : [])))
  await settle(plain.filter(({ claimed: taken }) => unwritten.has(taken.message.id)))

  const taken = rows.filter(row => !row.unwritten)
  const inParts = taken.flatMap(({ id, in_parts }) => (in_parts ? [Number(id)] : []))
  const parts = inParts.length > 0 ? await partsOf(database.db, inParts) : new Map<number, KnownPart[]>()
  return taken.map(row => claimedOf(row, parts.get(Number(row.id)) ?? []))
}

/** Writes down how attempts ended, unless another host has taken the message over meanwhile. */
export async function settleMessages(
  tx: Executor,
  all: readonly AttemptResult[],
  now: Date,
  paceOf: PaceOf = () => undefined
): Promise<void> {
  if (all.length === 0) return
  const locked = await lockConversations(
    tx,
    all.map(({ claimed: taken }) => taken.conversationId)
  )
  const pauses = all.some(({ decision: next }) => pauseUntil(next, now) !== undefined)
  await lockRegistrations(
    tx,
    all.map(({ claimed: taken }) => taken.registrationId),
    pauses ? 'no key update' : 'share'
  )
  const written = await applyResults(tx, all, now)
  const ended = all.flatMap(one => {
    const row = written.get(one.claimed.message.id)
    return row ? [{ ...one, row }] : []
  })

  const { news, reopened } = await settleParts(tx, ended, now)
  await enqueueOutbox(tx, locked, news)
  await writeMemories(tx, ended.flatMap(remembered))
  await storeEvents(tx, ended.flatMap(immediateEvents), now)
  await recheckUnmatched(tx, ended.flatMap(known))
  await enqueueOutbox(
    tx,
    locked,
    ended.filter(({ claimed: taken }) => !reopened.has(taken.message.id)).flatMap(failures)
  )
  for (const { claimed: taken, decision: next } of ended) await follow(tx, taken, next, now)
  await writePaces(tx, locked, ended, paceOf)
  await refreshSending(
    tx,
    ended.map(({ claimed: taken }) => taken.conversationId)
  )
}

type Settled = AttemptResult & { row: UpdatedMessage }

const known = ({ claimed: { registrationId }, decision: next, forNext: carried }: Settled) =>
  [...(next.kind === 'accepted' ? [next.outcome] : []), ...(carried?.sent ?? [])].map(({ ref }) => ({
    registrationId,
    ref: sanitize(ref)
  }))

const remembered = ({ claimed: { conversationId }, decision: next }: Settled) =>
  next.kind === 'accepted' && next.outcome.remember !== undefined
    ? [{ conversationId, value: next.outcome.remember }]
    : []

const immediateEvents = ({ claimed: { registrationId }, decision: next }: Settled) =>
  eventsOf(next).map(event => ({ registrationId, event }))

function eventsOf(next: Decision): readonly GatewayEvent[] {
  if (next.kind === 'failed') return next.events ?? []
  if (next.kind !== 'accepted') return []
  return (next.outcome.later ?? []).filter(({ afterMs }) => afterMs <= 0).flatMap(({ events }) => events)
}

const failures = ({ claimed: { message, conversationId }, decision: next }: Settled): NewOutboxItem[] =>
  next.kind === 'failed' && message.crmId !== null
    ? [{ kind: 'status', conversationId, crmId: message.crmId, status: 'error', replays: message.replays }]
    : []

async function follow(tx: Executor, { message }: ClaimedMessage, next: Decision, now: Date): Promise<void> {
  const until = pauseUntil(next, now)
  if (until) await pauseByGateway(tx, message.registrationId, until)
  const [first] = next.kind === 'accepted' ? scheduledOf(next) : []
  if (first) await addJob(tx, 'later', { message: message.id }, { at: new Date(now.getTime() + first.afterMs) })
}
