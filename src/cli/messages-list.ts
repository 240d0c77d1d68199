import { type Listed, listMessages } from '../messages/queries.ts'
import type { MessageState } from '../postgres/schema/schema.ts'
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './database.ts'
import { limitOf } from './duration.ts'
import { continued, type PageOptions, paged } from './row-options.ts'
import { shortly, table } from './table.ts'

/** Which messages. */
export interface Narrowing {
  registration?: number
  contact?: string
  since?: number
}

const TITLES = ['id', 'registration', 'contact', 'CRM id', 'accepted', 'state', 'status', 'attempts', 'reason']

export const messagesList = ({
  limit,
  after,
  state,
  ...narrowing
}: PageOptions & Narrowing & { state?: MessageState }) =>
  withDatabase(async ({ database }): Promise<CliAnswer> => {
    const wanted = { ...wantedOf(narrowing), state }
    const { rows, next } = paged(await listMessages(database, wanted, { limit: limit + 1, after }), limit)
    return {
      data: { messages: rows, next },
      text: rows.length > 0 ? `${table(TITLES, rows.map(cells))}${continued(next)}` : count(0, 'message')
    }
  })

export const wantedOf = ({ registration: registrationId, contact, since }: Narrowing) => ({
  registrationId,
  contact,
  since: since === undefined ? undefined : limitOf(since)
})

const cells = (row: Listed) => [
  row.id,
  row.registrationId,
  row.contact,
  row.crmId,
  row.acceptedAt,
  row.state,
  row.status,
  row.attempts,
  shortly(row.reason)
]
