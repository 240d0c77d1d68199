import { countFinished, type Finished, removeFinished } from '../messages/retention.ts'
import { type CliAnswer, count, progress } from './answer.ts'
import { withDatabase } from './database.ts'
import { type CleanOptions, limitOf } from './duration.ts'

export const dbClean = ({ olderThan, dryRun = false }: CleanOptions): Promise<CliAnswer> =>
  withDatabase(async ({ database }, interrupted) => {
    const before = limitOf(olderThan)
    const counts = dryRun
      ? await countFinished(database, before)
      : await removeFinished(database, before, { interrupted, removed: counts => progress(`removed ${told(counts)}`) })
    progress('')
    const { conversations } = counts
    const emptied =
      conversations > 0 ? ` With them ${dryRun ? 'would go' : 'went'} ${count(conversations, 'conversation')}.` : ''
    return {
      data: { before, dryRun, ...counts },
      text: `${dryRun ? 'Would remove' : 'Removed'} ${told(counts)}, finished before ${before.toISOString()}.${emptied}`
    }
  })

const told = ({ messages, outbox }: Finished) =>
  `${count(messages, 'message')} and ${count(outbox, 'item')} of the outbox`
