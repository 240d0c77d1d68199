import { countRetries, retriesOf } from '../lots/retry.ts'
import { replayMessages } from '../messages/replay.ts'
import { type Answer, count } from './answer.ts'
import { withDatabase } from './database.ts'
import { REPLAY_BATCH, replayed } from './replaying.ts'

interface Options {
  lotId?: number
  registration?: number
  maxRetries: number
  dryRun?: boolean
}

export const retry = ({ lotId, registration: registrationId, maxRetries, dryRun = false }: Options): Promise<Answer> =>
  withDatabase(({ database }, interrupted) => {
    const wanted = { lotId, registrationId, maxRetries }
    return replayed({
      ids: undefined,
      dryRun,
      interrupted,
      count: () => countRetries(database, wanted),
      batches: () => retriesOf(database, wanted, REPLAY_BATCH),
      replay: batch => replayMessages(database, batch, new Date()),
      told: number => `${count(number, 'message')} of ${lotId === undefined ? 'lots that failed' : `lot ${lotId}`}`,
      left: ''
    })
  })
