import type { GatewayEvent } from 'channel-kit/event'
import type { FastifyBaseLogger } from 'fastify'
import { type Meter, NO_METER, nothingHeard, tellHeard } from '../metrics/meter.ts'
import { createBatcher } from '../postgres/batch.ts'
import type { Database } from '../postgres/connect.ts'
import { createActivity } from '../registrations/activity.ts'
import { ingest } from './ingest.ts'
import { insertCalls, type KeptCall, withLeftOut } from './keep-webhooks.ts'
import { storeEvents } from './store-events.ts'

/** Stores the events of a webhook call, and the call. Resolves when they are stored for good; none is when it rejects. */
export type Ingest = (registrationId: number, events: readonly GatewayEvent[], kept?: KeptCall) => Promise<void>

interface Call {
  registrationId: number
  events: readonly GatewayEvent[]
  kept: KeptCall | undefined
}

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
  stored: (count: number) => void
  log: Pick<FastifyBaseLogger, 'error'>
  meter?: Meter
}

/** Webhook calls stored together at most, and the most events and bytes of such a call: those of a batch are in memory at once. */
const MAX_TOGETHER = 100
const MAX_EVENTS = 100
const MAX_BYTES = 65_536

const reportedOf = ({ registrationId, events }: Call) => events.map(event => ({ registrationId, event }))

/**
 * Stores the events of calls that come at the same time in one transaction, each call's events in their order. A call
 * that makes others fail is stored by itself, without the events that cannot be stored.
 */
export function createIngest({ database, now, stored, log, meter = NO_METER }: Deps): Ingest {
  const alone = (call: Call) =>
    ingest({ database, now, log, firstEarly: true, meter }, reportedOf(call), (tx, leftOut) =>
      insertCalls(tx, call.kept ? [{ ...call.kept, failed: withLeftOut(call.kept.failed, leftOut) }] : [])
    )
  const together = createBatcher(async (calls: readonly Call[]) => {
    const [first] = calls
    if (first && calls.length === 1) await alone(first)
    else {
      const heard = nothingHeard()
      await database.db.transaction(async tx => {
        await storeEvents(tx, calls.flatMap(reportedOf), now(), { firstEarly: true, heard })
        await insertCalls(
          tx,
          calls.flatMap(({ kept }) => kept ?? [])
        )
      })
      tellHeard(meter, heard)
    }
    const news = calls.filter(({ events }) => events.length > 0).length
    if (news > 0) stored(news)
    return calls.map(() => undefined)
  }, MAX_TOGETHER)

  const calledWebhooks = createActivity(database, 'calledAt')

  return async (registrationId, events, kept) => {
    const call = { registrationId, events, kept }
    if (events.length === 0 && !kept) return
    if (events.length <= MAX_EVENTS && (kept?.sealed?.bytes.length ?? 0) <= MAX_BYTES) await together(call)
    else {
      await alone(call)
      if (events.length > 0) stored(1)
    }
    if (events.length === 0) return
    // The events are stored: a time that cannot be saved comes with the next call.
    await calledWebhooks([registrationId], now()).catch(() => {})
  }
}
