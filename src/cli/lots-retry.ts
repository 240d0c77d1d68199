import { listLots } from '../lots/list.ts'
import { countRetries, retriesOf } from '../lots/retry.ts'
import { replayMessages } from '../messages/replay.ts'
import type { Database } from '../postgres/connect.ts'
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './database.ts'
import { REPLAY_BATCH, replayed } from './replay-progress.ts'

interface Options {
  lotId?: number
  registration?: number
  maxRetries: number
  dryRun?: boolean
}

export const lotsRetry = ({
  lotId,
  registration: registrationId,
  maxRetries,
  dryRun = false
}: Options): Promise<CliAnswer> =>
  withDatabase(async ({ database }, interrupted) => {
    if (lotId !== undefined) await refuseGoing(database, lotId)
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

async function refuseGoing(database: Database, id: number): Promise<void> {
  const [lot] = await listLots(database, { id }, { limit: 1 })
  if (!lot) throw new Error(`There is no lot ${id}.`)
  if (!lot.endedAt) throw new Error(`Lot ${id} has not ended: it is ${lot.state}.`)
}
