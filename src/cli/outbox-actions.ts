import { countReplayable, type ListedItem, listItems, replayableIds } from '../outbox/queries.ts'
import { replayItems } from '../outbox/replay.ts'
import type { OutboxState } from '../postgres/schema/outbox.ts'
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './lent-database.ts'
import { chosenIds, nextPageHint, type PageOptions, pageOf } from './options.ts'
import { REPLAY_BATCH, replayInBatches } from './replay-progress.ts'
import { facts, shorten, table } from './table.ts'

interface ListOptions extends PageOptions {
  state?: OutboxState
  registration?: number
}

const TITLES = ['id', 'registration', 'contact', 'what', 'stored', 'state', 'attempts', 'settled', 'reason']

export const outboxList = ({ limit, after, state, registration: registrationId }: ListOptions): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const found = await listItems(database, { state, registrationId }, { limit: limit + 1, after })
    const { rows, next } = pageOf(found, limit)
    return {
      data: { items: rows, next },
      text: rows.length > 0 ? `${table(TITLES, rows.map(cells))}${nextPageHint(next)}` : count(0, 'item')
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
  shorten(item.reason)
]

/** The item in a few words. */
function whatOf({ kind, body }: Pick<ListedItem, 'kind' | 'body'>): string {
  if (kind === 'incoming') return 'incoming message'
  const { id, status } = body as { id: string; status: string }
  return `${status} of ${id}`
}

export const outboxShow = (id: number): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const [item] = await listItems(database, { ids: [id] }, { limit: 1 })
    if (!item) throw new Error(`There is no item ${id}.`)
    return {
      data: item,
      text: facts([
        ['item', item.id],
        ['registration', item.registrationId],
        ['contact', item.contact],
        ['what', whatOf(item)],
        ['state', item.state],
        ['reason', item.reason],
        ['attempts', item.attempts],
        ['stored', item.createdAt],
        ['offered since', item.offeredSince],
        ['due', item.dueAt],
        ['settled', item.settledAt],
        ['body', JSON.stringify(item.body)]
      ])
    }
  })

interface ReplayOptions {
  state?: 'parked' | 'stopped'
  registration?: number
  all?: boolean
  dryRun?: boolean
}

export async function outboxReplay(
  given: readonly number[] = [],
  { all = false, dryRun = false, state, registration: registrationId }: ReplayOptions
) {
  const ids = chosenIds(given, { all, narrowed: state !== undefined || registrationId !== undefined })
  return withDatabase(async ({ database }, interrupted) => {
    const now = new Date()
    // A stopped item, which the CRM refused, is offered again only if the operator names its state.
    const wanted = { ids, registrationId, state: ids ? undefined : (state ?? 'parked') }
    return replayInBatches({
      ids,
      dryRun,
      interrupted,
      count: () => countReplayable(database, wanted, now),
      batches: () => replayableIds(database, wanted, REPLAY_BATCH, now),
      replay: batch => replayItems(database, batch, new Date()),
      describe: number => `${count(number, 'item')} that had been given up`,
      left: 'had not been given up, overtaken by a later status, or not there'
    })
  })
}
