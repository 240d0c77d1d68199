import { type ListedLot, listLots } from '../lots/list.ts'
import type { LotState } from '../postgres/schema/lots.ts'
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './database.ts'
import { continued, type PageOptions, paged } from './row-options.ts'
import { shortly, table } from './table.ts'

const TITLES = ['id', 'registration', 'name', 'state', 'ref', 'messages', 'so far', 'begun', 'ended', 'reason']

export const lotsList = ({
  limit,
  after,
  state,
  registration: registrationId
}: PageOptions & { state?: LotState; registration?: number }) =>
  withDatabase(async ({ database }): Promise<CliAnswer> => {
    const found = await listLots(database, { state, registrationId }, { limit: limit + 1, after })
    const { rows, next } = paged(found, limit)
    return {
      data: { lots: rows, next },
      text: rows.length > 0 ? `${table(TITLES, rows.map(cells))}${continued(next)}` : count(0, 'lot')
    }
  })

const cells = (lot: ListedLot) => [
  lot.id,
  lot.registrationId,
  shortly(lot.name, 30),
  stateOf(lot),
  lot.ref,
  lot.items,
  countsOf(lot),
  lot.createdAt,
  lot.endedAt,
  shortly(lot.reason)
]

/** With why it failed, or in which step its end is not known. */
export const stateOf = ({ state, code, step }: ListedLot): string => {
  if (state === 'unknown') return `unknown (${step})`
  return state === 'failed' ? `failed (${code})` : state
}

export const countsOf = ({ counts }: ListedLot): string =>
  Object.entries(counts)
    .map(([state, number]) => `${number} ${state}`)
    .join(', ')
