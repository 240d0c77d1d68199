import { countMessages, idsOf } from '../messages/queries.ts'
import { replayMessages } from '../messages/replay.ts'
import { count } from './answer.ts'
import { withDatabase } from './database.ts'
import { type Narrowing, wantedOf } from './messages-list.ts'
import { REPLAY_BATCH, replayed } from './replay-progress.ts'
import { chosenIds } from './row-options.ts'

interface Options extends Narrowing {
  state?: 'failed'
  all?: boolean
  dryRun?: boolean
}

export async function messagesReplay(
  given: readonly number[] = [],
  { all = false, dryRun = false, ...narrowing }: Options
) {
  const narrowed = Object.keys(narrowing).length > 0
  const ids = chosenIds(given, { all, narrowed })
  return withDatabase(async ({ database }, interrupted) => {
    const wanted = { ...wantedOf(narrowing), ids, state: 'failed' as const }
    return replayed({
      ids,
      dryRun,
      interrupted,
      count: () => countMessages(database, wanted),
      batches: () => idsOf(database, wanted, REPLAY_BATCH),
      replay: batch => replayMessages(database, batch, new Date()),
      told: number => `${count(number, 'message')} that had failed`,
      left: 'had not failed, or not there'
    })
  })
}
