import { type ListedItem, listItems } from '../outbox/queries.ts'
import type { OutboxState } from '../postgres/schema/schema.ts'
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './database.ts'
import { continued, type PageOptions, paged } from './row-options.ts'
import { shortly, table } from './table.ts'

interface Options extends PageOptions {
  state?: OutboxState
  registration?: number
}

const TITLES = ['id', 'registration', 'contact', 'what', 'stored', 'state', 'attempts', 'settled', 'reason']

export const outboxList = ({ limit, after, state, registration: registrationId }: Options): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const found = await listItems(database, { state, registrationId }, { limit: limit + 1, after })
    const { rows, next } = paged(found, limit)
    return {
      data: { items: rows, next },
      text: rows.length > 0 ? `${table(TITLES, rows.map(cells))}${continued(next)}` : count(0, 'item')
    }
  })

const cells = (item: ListedItem) => [
  item.id,
  item.registrationId,
  item.contact,
  whatOf(item),
  item.createdAt,
  item.state,
  item.attempts,
  item.settledAt,
  shortly(item.reason)
]

/** What it tells, in a few words. */
export function whatOf({ kind, body }: Pick<ListedItem, 'kind' | 'body'>): string {
  if (kind === 'incoming') return 'incoming message'
  const { id, status } = body as { id: string; status: string }
  return `${status} of ${id}`
}
