import type { GatewayEvent } from 'channel-kit/event'
import type { Database } from '../database/connect.ts'
import { gather } from '../database/gather.ts'
import { storeEvents } from './events.ts'

/** Resolves when what a gateway reported of a registration is stored for good, all of it or, when it rejects, nothing. */
export type Report = (registrationId: number, events: readonly GatewayEvent[]) => Promise<void>

/** Most calls of gateways stored together. */
const MOST = 100

/** Stores what calls report that come at the same time in one transaction, each call's events in their order. */
export function reporter({ db }: Pick<Database, 'db'>, now: () => Date, stored: (count: number) => void): Report {
  const store = gather(async (calls: readonly { registrationId: number; events: readonly GatewayEvent[] }[]) => {
    const all = calls.flatMap(({ registrationId, events }) => events.map(event => ({ registrationId, event })))
    if (all.length > 0) await db.transaction(tx => storeEvents(tx, all, now(), { firstEarly: true }))
    stored(calls.length)
    return calls.map(() => undefined)
  }, MOST)

  return (registrationId, events) => store({ registrationId, events })
}
