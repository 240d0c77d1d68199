import type { GatewayEvent } from 'channel-kit/event'
import type { FastifyBaseLogger } from 'fastify'
import { createBatcher } from '../postgres/batch.ts'
import type { Database } from '../postgres/connect.ts'
import { createActivity } from '../registrations/activity.ts'
import { ingest } from './ingest.ts'
import { storeEvents } from './store-events.ts'

/** Stores the events of a webhook call. Resolves when they are stored for good; none is when it rejects. */
export type Ingest = (registrationId: number, events: readonly GatewayEvent[]) => Promise<void>

interface Call {
  registrationId: number
  events: readonly GatewayEvent[]
}

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
  stored: (count: number) => void
  log: Pick<FastifyBaseLogger, 'error'>
}

/** Webhook calls stored together at most, and the most events of such a call. */
const MAX_CALLS = 100
const MAX_EVENTS_OF_CALL = 100

const reportedOf = ({ registrationId, events }: Call) => events.map(event => ({ registrationId, event }))

/**
 * Stores the events of calls that come at the same time in one transaction, each call's events in their order. A call
 * that makes others fail is stored by itself, without the events that cannot be stored.
 */
export function createIngest({ database, now, stored, log }: Deps): Ingest {
  const alone = (call: Call) => ingest({ database, now, log, firstEarly: true }, reportedOf(call))
  const together = createBatcher(async (calls: readonly Call[]) => {
    const [first] = calls
    if (first && calls.length === 1) await alone(first)
    else await database.db.transaction(tx => storeEvents(tx, calls.flatMap(reportedOf), now(), { firstEarly: true }))
    stored(calls.length)
    return calls.map(() => undefined)
  }, MAX_CALLS)

  const calledWebhooks = createActivity(database, 'calledAt')

  return async (registrationId, events) => {
    const call = { registrationId, events }
    if (events.length === 0) return
    if (events.length <= MAX_EVENTS_OF_CALL) await together(call)
    else {
      await alone(call)
      stored(1)
    }
    // The events are stored: a time that cannot be saved comes with the next call.
    await calledWebhooks([registrationId], now()).catch(() => {})
  }
}
