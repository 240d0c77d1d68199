import type { Status } from 'channel-kit/chat'
import { inArray } from 'drizzle-orm'
import { statusEvent } from '../events/event.ts'
import { writeEvents } from '../events/write.ts'
import { registrationLock } from '../inbound/account-news.ts'
import { writeMemories } from '../inbound/conversation-memory.ts'
import { storeEvents } from '../inbound/store-events.ts'
import { recheckUnmatched } from '../inbound/unmatched-statuses.ts'
import { partsOf } from '../messages/parts.ts'
import { type Heard, type Meter, NO_METER, nothingHeard, tellHeard } from '../metrics/meter.ts'
import { enqueueOutbox } from '../outbox/enqueue.ts'
import { tellAtOnce } from '../outbox/notes.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { sanitize } from '../postgres/sanitize-text.ts'
import { messages } from '../postgres/schema/messages.ts'
import { callRoutine, readRoutine } from '../postgres/sql-routine.ts'
import { refreshSending } from '../queue/due-times.ts'
import type { Want } from '../queue/fair-share.ts'
import { addJob } from '../queue/jobs.ts'
import { lockConversations, lockRegistrations } from '../queue/locks.ts'
import { pauseByGateway } from '../registrations/pause.ts'
import {
  type AttemptResult,
  applyResults,
  type ClaimedMessage,
  failureItems,
  failureNews,
  immediateEvents,
  type UpdatedMessage
} from './attempt.ts'
import { type PaceOf, writePaces } from './contact-rate-limit.ts'
import { type Decision, pauseUntil, scheduledOf } from './retry-policy.ts'
import { isSimple, simpleRows } from './settle-fast.ts'
import { settleParts } from './settle-parts.ts'

/** Turns of the messages: results of attempts are settled, and the next messages claimed. */

const SEND_TURN = readRoutine(new URL('./send-turn.sql', import.meta.url), 'send_turn')

interface Turn {
  database: Pick<Database, 'db' | 'pool'>
  /** The name of this host. */
  host: string
  wants: readonly Want[]
  /** Conversations that are not to be claimed again. */
  inHand: readonly number[]
  paceOf?: PaceOf
  now: Date
  meter?: Meter
}

/** Settles results, and claims the next messages of conversations that are due. */
export async function sendTurn(
  results: readonly AttemptResult[],
  { database, host, wants, inHand, paceOf = () => undefined, now, meter = NO_METER }: Turn
): Promise<ClaimedMessage[]> {
  const simple = results.filter(result => isSimple(result, paceOf))
  const settle = async (some: readonly AttemptResult[]) => {
    if (some.length === 0) return
    const heard = nothingHeard()
    await database.db.transaction(tx => settleMessages(tx, some, now, { paceOf, heard }))
    tellHeard(meter, heard)
  }

  await settle(results.filter(result => !isSimple(result, paceOf)))
  const given = simpleRows(simple, now)
  const [turn] = await callRoutine<{ unwritten: string[]; claimed: Claimed[]; stale: string[] }>(
    database.pool,
    SEND_TURN,
    [
      host,
      given.ids,
      given.conversations,
      given.registrations,
      given.refs,
      JSON.stringify(given.rows),
      JSON.stringify(given.statuses),
      JSON.stringify(wants.map(({ registrationId, ...want }) => ({ registration: registrationId, ...want }))),
      inHand,
      now
    ]
  )
  if (!turn) throw new Error('send_turn answered nothing')
  const unwritten = new Set(turn.unwritten.map(Number))
  await settle(simple.filter(({ claimed }) => unwritten.has(claimed.message.id)))
  await refreshStale(database, turn.stale.map(Number))
  return withParts(database, turn.claimed)
}

/**
 * They would be found due by every turn: their next message has expired, or is put off. A failure is left to the next
 * turn, which finds them once more; a turn that failed here would leave what it has claimed unsent.
 */
async function refreshStale({ db }: Pick<Database, 'db'>, ids: readonly number[]): Promise<void> {
  if (ids.length === 0) return
  await db
    .transaction(async tx => {
      const locked = await lockConversations(tx, ids)
      await refreshSending(
        tx,
        locked.map(({ id }) => id)
      )
    })
    .catch(() => {})
}

/** As json has it. */
type Claimed = Omit<ClaimedMessage, 'parts' | 'conversation'> & {
  conversation: Omit<ClaimedMessage['conversation'], 'lastIncomingAt'> & { lastIncomingAt: string | null }
}

async function withParts({ db }: Pick<Database, 'db'>, all: readonly Claimed[]): Promise<ClaimedMessage[]> {
  const inParts = all.flatMap(({ message: { id, inParts } }) => (inParts ? [id] : []))
  const parts = await partsOf(db, inParts)
  return all.map(({ conversation: { lastIncomingAt: at, ...conversation }, ...claimed }) => ({
    ...claimed,
    conversation: { ...conversation, lastIncomingAt: at === null ? null : new Date(at) },
    parts: parts.get(claimed.message.id) ?? []
  }))
}

/** Settles results, but for messages that another host has claimed meanwhile. */
export async function settleMessages(
  tx: Executor,
  results: readonly AttemptResult[],
  now: Date,
  { paceOf = () => undefined, heard = nothingHeard() }: { paceOf?: PaceOf; heard?: Heard } = {}
): Promise<void> {
  if (results.length === 0) return
  const locked = await lockConversations(
    tx,
    results.map(({ claimed }) => claimed.conversationId)
  )
  const pauses = results.some(({ decision }) => pauseUntil(decision, now) !== undefined)
  const reported = results.flatMap(({ decision }) => immediateEvents(decision))
  await lockRegistrations(
    tx,
    results.map(({ claimed }) => claimed.registrationId),
    pauses ? 'no key update' : registrationLock(reported)
  )
  const before = await statusesBefore(tx, results)
  const written = await applyResults(tx, results, now)
  const settled = results.flatMap(result => {
    const row = written.get(result.claimed.message.id)
    return row ? [{ ...result, row }] : []
  })

  const { news, told, reopened } = await settleParts(tx, settled, now)
  await enqueueOutbox(tx, locked, news)
  await writeEvents(tx, told)
  await writeMemories(tx, settled.flatMap(memoriesOf))
  await storeEvents(
    tx,
    settled.flatMap(({ claimed: { registrationId }, decision }) =>
      immediateEvents(decision).map(event => ({ registrationId, event }))
    ),
    now,
    { heard }
  )
  await recheckUnmatched(tx, settled.flatMap(refsOf))
  const over = settled.filter(({ claimed }) => !reopened.has(claimed.message.id))
  await enqueueOutbox(tx, locked, over.flatMap(failureItems))
  await writeEvents(
    tx,
    over.flatMap(result => {
      const { message } = result.claimed
      return failureNews(result, before.get(message.id)).map(news => statusEvent(message, news))
    })
  )
  await tellAtOnce(
    tx,
    locked,
    settled.flatMap(({ claimed: { message }, decision }) =>
      decision.kind === 'accepted' && message.tellCrm === 'always' ? [message.id] : []
    )
  )
  for (const { claimed, decision } of settled) await follow(tx, claimed, decision, now)
  await writePaces(tx, locked, settled, paceOf)
  await refreshSending(
    tx,
    settled.map(({ claimed }) => claimed.conversationId)
  )
}

/** Statuses that arrived during the attempts that failed. */
async function statusesBefore(
  tx: Executor,
  results: readonly AttemptResult[]
): Promise<ReadonlyMap<number, Status | null>> {
  const failed = results.flatMap(({ claimed, decision }) => (decision.kind === 'failed' ? [claimed.message.id] : []))
  if (failed.length === 0) return new Map()
  const rows = await tx
    .select({ id: messages.id, status: messages.status })
    .from(messages)
    .where(inArray(messages.id, failed))
  return new Map(rows.map(({ id, status }) => [id, status]))
}

type Settled = AttemptResult & { row: UpdatedMessage }

const refsOf = ({ claimed: { registrationId }, decision, forNext }: Settled) =>
  [...(decision.kind === 'accepted' ? [decision.outcome] : []), ...(forNext?.sent ?? [])].map(({ ref }) => ({
    registrationId,
    ref: sanitize(ref)
  }))

const memoriesOf = ({ claimed: { conversationId }, decision }: Settled) =>
  decision.kind === 'accepted' && decision.outcome.remember !== undefined
    ? [{ conversationId, value: decision.outcome.remember }]
    : []

const reasonIn = (decision: Decision) => ('reason' in decision ? sanitize(decision.reason) : null)

async function follow(tx: Executor, { message }: ClaimedMessage, decision: Decision, now: Date): Promise<void> {
  const until = pauseUntil(decision, now)
  if (until) await pauseByGateway(tx, message.registrationId, { until, reason: reasonIn(decision), now })
  const [first] = decision.kind === 'accepted' ? scheduledOf(decision) : []
  if (first) await addJob(tx, 'later', { message: message.id }, { at: new Date(now.getTime() + first.afterMs) })
}
