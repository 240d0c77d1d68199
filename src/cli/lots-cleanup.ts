import { MILLISECONDS } from '../config.ts'
import { countEndedLots, removeEndedLots } from '../lots/clean.ts'
import { limitOf } from './age.ts'
import { type Answer, count, progress } from './answer.ts'
import { withDatabase } from './database.ts'

export const clean = ({ days, dryRun = false }: { days: number; dryRun?: boolean }): Promise<Answer> =>
  withDatabase(async ({ database }, interrupted) => {
    const before = limitOf(days * MILLISECONDS.d)
    const counts = dryRun
      ? await countEndedLots(database, before)
      : await removeEndedLots(database, before, {
          interrupted,
          removed: number => progress(`removed ${count(number, 'lot')}`)
        })
    progress('')
    const all = Object.values(counts).reduce((sum, number) => sum + number, 0)
    const kinds = Object.entries(counts).map(([state, number]) => `${number} ${state}`)
    return {
      data: { before, dryRun, lots: counts },
      text: `${dryRun ? 'Would remove' : 'Removed'} ${count(all, 'lot')}, ended before ${before.toISOString()}${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}.`
    }
  })
