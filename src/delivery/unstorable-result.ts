import { and, eq } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import { statusEvent } from '../events/event.ts'
import { writeEvents } from '../events/write.ts'
import { type Meter, NO_METER } from '../metrics/meter.ts'
import type { Database } from '../postgres/connect.ts'
import { faultOf, isFault } from '../postgres/fault.ts'
import { messages } from '../postgres/schema/messages.ts'
import { refreshSending } from '../queue/due-times.ts'
import { lockConversations } from '../queue/locks.ts'
import type { AttemptResult, ClaimedMessage } from './attempt.ts'
import { settleMessages } from './settle.ts'

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
  log: Pick<FastifyBaseLogger, 'error'>
  meter?: Meter
}

/**
 * Ends a message of which it could not be stored what became of it, so that it
 * holds up nobody: as failed, with a reason, to be replayed by an operator.
 */
export const setMessageAside =
  ({ database, now, log, meter = NO_METER }: Deps) =>
  async (one: { claimed: ClaimedMessage; decision?: AttemptResult['decision'] }, error: unknown): Promise<void> => {
    const { claimed, decision } = one
    const reason = `what became of it could not be stored: ${faultOf(error)}`
    log.error(
      { event: 'delivery.set_aside', message: claimed.message.id, registration: claimed.registrationId, reason },
      'message set aside: its result could not be stored'
    )
    const mayHaveLeft = decision?.kind === 'accepted' || decision?.doubt !== undefined
    const said = mayHaveLeft ? `uncertain: it may have been sent (${reason})` : reason
    try {
      await database.db.transaction(tx => settleMessages(tx, [failed(claimed, said, mayHaveLeft, now())], now()))
    } catch (again) {
      if (!isFault(again)) throw again
      await failBarely(database, claimed, said, now())
    }
    meter.settled(claimed.registrationId, 'failed')
  }

const failed = (claimed: ClaimedMessage, reason: string, mayHaveLeft: boolean, now: Date): AttemptResult => ({
  claimed,
  decision: { kind: 'failed', reason, ...(mayHaveLeft ? { doubt: 'channel' } : {}) },
  storyEntry: {
    kind: 'attempt',
    at: now.toISOString(),
    number: claimed.message.attempts,
    outcome: mayHaveLeft ? 'unknown' : 'rejected',
    reason,
    durationMs: 0
  }
})

/** With nothing but what is needed for its conversation to go on: not even its CRM hears of it. */
const failBarely = (
  { db }: Pick<Database, 'db'>,
  { message, conversationId }: ClaimedMessage,
  reason: string,
  now: Date
) =>
  db.transaction(async tx => {
    await lockConversations(tx, [conversationId])
    const { rowCount } = await tx
      .update(messages)
      .set({ state: 'failed', status: 'error', reason, settledAt: now })
      .where(and(eq(messages.id, message.id), eq(messages.state, 'sending'), eq(messages.attempts, message.attempts)))
    if (rowCount) await writeEvents(tx, [statusEvent(message, { status: 'error', reason })])
    await refreshSending(tx, [conversationId])
  })
