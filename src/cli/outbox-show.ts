import { listItems } from '../outbox/queries.ts'
import type { CliAnswer } from './answer.ts'
import { withDatabase } from './database.ts'
import { whatOf } from './outbox-list.ts'
import { facts } from './table.ts'

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
