import { MILLISECONDS } from '../config.ts'
import { countEndedLots, type EndedLots, removeEndedLots } from '../lots/clean.ts'
import { bar, type CliAnswer, count, progress } from './answer.ts'
import { withDatabase } from './database.ts'
import { limitOf } from './duration.ts'

export const lotsClean = ({ days, dryRun = false }: { days: number; dryRun?: boolean }): Promise<CliAnswer> =>
  withDatabase(async ({ database }, interrupted) => {
    const before = limitOf(days * MILLISECONDS.d)
    const found = await countEndedLots(database, before)
    const expected = sumOf(found)
    const removed = (number: number) => progress(`${bar(number, expected)}  removed ${count(number, 'lot')}`)
    const counts = dryRun ? found : await removeEndedLots(database, before, { interrupted, removed })
    progress('')
    const all = sumOf(counts)
    const kinds = Object.entries(counts).map(([state, number]) => `${number} ${state}`)
    return {
      data: { before, dryRun, lots: counts },
      text: `${dryRun ? 'Would remove' : 'Removed'} ${count(all, 'lot')}, ended before ${before.toISOString()}${kinds.length > 0 ? ` (${kinds.join(', ')})` : ''}.`
    }
  })

const sumOf = (counts: EndedLots) => Object.values(counts).reduce((sum, number) => sum + number, 0)
