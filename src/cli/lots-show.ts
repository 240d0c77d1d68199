import { listLots, troublesOf } from '../lots/list.ts'
import type { CliAnswer } from './answer.ts'
import { withDatabase } from './database.ts'
import { countsOf, stateOf } from './lots-list.ts'
import { facts, shortly, table } from './table.ts'

/** Of a lot of thousands a few tell enough. */
const MOST_TROUBLES = 20

export const lotsShow = ({ lotId: id }: { lotId: number }): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const [lot] = await listLots(database, { id }, { limit: 1 })
    if (!lot) throw new Error(`There is no lot ${id}.`)
    const troubles = await troublesOf(database, id, MOST_TROUBLES)
    const head = facts([
      ['lot', lot.id],
      ['registration', lot.registrationId],
      ['name', lot.name],
      ['state', stateOf(lot)],
      ['gateway ref', lot.ref],
      ['messages', lot.items],
      ['so far', countsOf(lot)],
      ['attempts', lot.attempts],
      ['reason', lot.reason],
      ['begun', lot.createdAt],
      ['gathers until', lot.state === 'collecting' ? lot.sealsAt : null],
      ['opened', lot.openedAt],
      ['goes on', lot.endedAt ? null : lot.dueAt],
      ['ended', lot.endedAt]
    ])
    const rows = troubles.map(({ message, contact, state, reason }) => [message, contact, state, shortly(reason, 100)])
    return {
      data: { ...lot, troubles },
      text: rows.length > 0 ? `${head}\n\n${table(['message', 'contact', 'state', 'reason'], rows)}` : head
    }
  })
