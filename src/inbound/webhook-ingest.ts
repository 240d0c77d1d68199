import type { GatewayEvent } from 'channel-kit/event'
import type { FastifyBaseLogger } from 'fastify'
import { createBatcher } from '../postgres/batch.ts'
import type { Database } from '../postgres/connect.ts'
import { createActivity } from '../registrations/activity.ts'
import { ingest } from './ingest.ts'
import { storeEvents } from './store-events.ts'

/** Resolves when what a gateway reported of a registration is stored for good; nothing is when it rejects. */
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

/** Most calls of gateways stored together, and most events of one that is. */
const MOST_TOGETHER = 100
const MOST_EVENTS = 100

const reportedOf = ({ registrationId, events }: Call) => events.map(event => ({ registrationId, event }))

/**
 * Stores what calls report that come at the same time in one transaction, each
 * call's events in their order. A call that makes others fail is stored by
 * itself, and without the events that cannot be.
 */
export function createIngest({ database, now, stored, log }: Deps): Ingest {
  const alone = (call: Call) => ingest({ database, now, log, firstEarly: true }, reportedOf(call))
  const together = createBatcher(async (calls: readonly Call[]) => {
    const [first] = calls
    if (first && calls.length === 1) await alone(first)
    else await database.db.transaction(tx => storeEvents(tx, calls.flatMap(reportedOf), now(), { firstEarly: true }))
    stored(calls.length)
    return calls.map(() => undefined)
  }, MOST_TOGETHER)

  const calledWebhooks = createActivity(database, 'calledAt')

  return async (registrationId, events) => {
    const call = { registrationId, events }
    if (events.length === 0) return
    if (events.length <= MOST_EVENTS) await together(call)
    else {
      await alone(call)
      stored(1)
    }
    // The events are stored: a time that cannot be saved comes with the next call.
    await calledWebhooks([registrationId], now()).catch(() => {})
  }
}
