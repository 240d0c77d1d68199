import type { FastifyBaseLogger } from 'fastify'
import { type Meter, NO_METER, nothingHeard, tellHeard } from '../metrics/meter.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { apart, faultOf, inSavepoint, isFault } from '../postgres/fault.ts'
import type { ReportedEvent } from './match-messages.ts'
import { storeEvents } from './store-events.ts'

/** Stores events in one transaction; an event that makes it fail is left out alone. */

export type Store = (tx: Executor, all: readonly ReportedEvent[]) => Promise<void>

interface Storing {
  now: () => Date
  log: Pick<FastifyBaseLogger, 'error'>
  firstEarly?: boolean
  late?: boolean
  meter?: Meter
}

/** An event that could not be stored, with the error. */
interface LeftOut {
  reported: ReportedEvent
  error: unknown
}

/** Events of one statement at most, since the database limits the number of its values. */
const MAX_EVENTS = 1_000

/**
 * Does a work that stores events. If it fails by its input, all of it is done once more, with the events stored by
 * savepoints: an event that fails alone is left out and logged.
 */
export const storing =
  ({ now, log, firstEarly = false, late = false, meter = NO_METER }: Storing) =>
  async (work: (store: Store, leftOut: readonly LeftOut[]) => Promise<void>): Promise<void> => {
    const all: LeftOut[] = []
    let heard = nothingHeard()
    const store: Store = async (tx, given) => {
      for (let from = 0; from < given.length; from += MAX_EVENTS)
        await storeEvents(tx, given.slice(from, from + MAX_EVENTS), now(), { firstEarly, late, heard })
    }
    const leftOut = async (reported: ReportedEvent, error: unknown) => {
      const { registrationId, event } = reported
      all.push({ reported, error })
      log.error(
        { event: 'inbound.event_failed', registration: registrationId, kind: event.kind, reason: faultOf(error) },
        'gateway event could not be stored; left out'
      )
    }
    try {
      await work(store, all)
    } catch (error) {
      if (!isFault(error)) throw error
      heard = nothingHeard()
      await work((tx, given) => apart(given, some => inSavepoint(tx, () => store(tx, some)), leftOut), all)
    }
    tellHeard(meter, heard)
  }

/** Stores events in a transaction of their own. `also`: further statements of that transaction, which are given the events that are left out. */
export const ingest = (
  { database: { db }, ...how }: Storing & { database: Pick<Database, 'db'> },
  all: readonly ReportedEvent[],
  also: (tx: Executor, leftOut: readonly LeftOut[]) => Promise<unknown> = async () => {}
): Promise<void> =>
  storing(how)((store, leftOut) =>
    db.transaction(async tx => {
      await store(tx, all)
      await also(tx, leftOut)
    })
  )
