import { countReplayable, replayableIds } from '../outbox/queries.ts'
import { replayItems } from '../outbox/replay.ts'
import { count } from './answer.ts'
import { withDatabase } from './database.ts'
import { REPLAY_BATCH, replayed } from './replay-progress.ts'
import { chosenIds } from './row-options.ts'

interface Options {
  state?: 'parked' | 'stopped'
  registration?: number
  all?: boolean
  dryRun?: boolean
}

export async function outboxReplay(
  given: readonly number[] = [],
  { all = false, dryRun = false, state, registration: registrationId }: Options
) {
  const ids = chosenIds(given, { all, narrowed: state !== undefined || registrationId !== undefined })
  return withDatabase(async ({ database }, interrupted) => {
    const now = new Date()
    // What the CRM will never take is offered again only if that is said.
    const wanted = { ids, registrationId, state: ids ? undefined : (state ?? 'parked') }
    return replayed({
      ids,
      dryRun,
      interrupted,
      count: () => countReplayable(database, wanted, now),
      batches: () => replayableIds(database, wanted, REPLAY_BATCH, now),
      replay: batch => replayItems(database, batch, new Date()),
      told: number => `${count(number, 'item')} that had been given up`,
      left: 'had not been given up, overtaken by a later status, or not there'
    })
  })
}
