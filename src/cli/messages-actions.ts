import {
  countMessages,
  type FoundMessage,
  findMessages,
  idsOf,
  type Listed,
  listMessages
} from '../messages/queries.ts'
import { replayMessages } from '../messages/replay.ts'
import { storyOf, type WholeStoryEntry } from '../messages/whole-story.ts'
import type { Database } from '../postgres/connect.ts'
import type { MessageState } from '../postgres/schema/messages.ts'
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './lent-database.ts'
import { chosenIds, limitOf, nextPageHint, type PageOptions, pageOf } from './options.ts'
import { REPLAY_BATCH, replayInBatches } from './replay-progress.ts'
import { type Cell, facts, oneLine, shorten, table } from './table.ts'

/** The options that narrow down which messages are meant. */
interface Narrowing {
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
    const wanted = { ...filterOf(narrowing), state }
    const { rows, next } = pageOf(await listMessages(database, wanted, { limit: limit + 1, after }), limit)
    return {
      data: { messages: rows, next },
      text: rows.length > 0 ? `${table(TITLES, rows.map(cells))}${nextPageHint(next)}` : count(0, 'message')
    }
  })

const filterOf = ({ registration: registrationId, contact, since }: Narrowing) => ({
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
  shorten(row.reason)
]

interface ShowOptions {
  crmId?: string
  registration?: number
}

export async function messagesShow(
  id: number | undefined,
  { crmId, registration: registrationId }: ShowOptions
): Promise<CliAnswer> {
  if ((id === undefined) === (crmId === undefined)) throw new Error('Say which message: its id, or --crm-id.')
  return withDatabase(async ({ database }) => {
    const found = await findMessages(database, { id, crmId, registrationId })
    const [message] = found
    if (!message) throw new Error('There is no such message.')
    if (found.length > 1)
      throw new Error(
        `Registrations ${found.map(one => one.registrationId).join(', ')} have a message of this id. Say which with --registration.`
      )
    const data = await detailsOf(database, message)
    return { data, text: [facts(head(data)), ...content(data), '', storyTable(data.story)].join('\n') }
  })
}

async function detailsOf(database: Pick<Database, 'db'>, message: FoundMessage) {
  const { body, chapters: _, ...shown } = message
  const { subject, content, attachments } = body
  return { ...shown, subject, content, attachments, story: await storyOf(database, message) }
}

type MessageDetails = Awaited<ReturnType<typeof detailsOf>>

const head = (message: MessageDetails): (readonly [string, Cell])[] => [
  ['message', message.id],
  ['registration', message.registrationId],
  ['contact', message.contact],
  ['CRM id', message.crmId],
  ['state', message.state],
  ['status', message.status],
  ['reason', message.reason],
  ['gateway ref', message.ref],
  ['parts', message.parts.map(partText).join(', ') || null],
  ['attempts', message.attempts],
  ['replays', message.replays],
  ['due', message.dueAt],
  ['settled', message.settledAt],
  ['subject', message.subject]
]

const partText = ({ part, ref, status }: MessageDetails['parts'][number]) =>
  `${part} as ${ref}${status ? ` (${status})` : ''}`

function content({ content, attachments }: MessageDetails): string[] {
  const lines = content ? content.text.split('\n').map(line => `  ${oneLine(line)}`) : []
  return [
    ...(content ? [`text (${content.format})`, ...lines] : []),
    ...attachments.map(({ type, name, uri }) => oneLine(`${type}  ${name}  ${uri}`))
  ]
}

const storyTable = (all: readonly WholeStoryEntry[]) => table(['at', 'what', 'how'], all.map(storyRow))

function storyRow(entry: WholeStoryEntry): readonly Cell[] {
  // The time to the millisecond: many entries fall into one second.
  const { at } = entry
  switch (entry.kind) {
    case 'accepted':
      return [at, 'accepted', 'stored, and 202 for the CRM']
    case 'attempt':
      return [
        at,
        `attempt ${entry.number}`,
        `${entry.outcome}${entry.ref === undefined ? '' : ` as ${entry.ref}`}${entry.reason === undefined ? '' : `: ${entry.reason}`} (${entry.durationMs} ms)`
      ]
    case 'status':
      return [
        at,
        entry.part === undefined ? 'status' : `status of part ${entry.part}`,
        `${entry.status}${entry.reason === undefined ? '' : `: ${entry.reason}`}`
      ]
    case 'noted':
      return [
        at,
        entry.part === undefined ? 'noted' : `noted of part ${entry.part}`,
        `${entry.status}: ${entry.reason}; it changed nothing`
      ]
    case 'returned':
      return [
        at,
        'returned',
        `${entry.ref} was given back${entry.way === undefined ? '' : `, to go by "${entry.way}"`}${entry.reason === undefined ? '' : `: ${entry.reason}`}`
      ]
    case 'confirmed':
      return [at, 'confirmed', `as ${entry.ref}: a status of it came, so it is not sent again`]
    case 'unconfirmed':
      return [at, 'unconfirmed', `no status of it came: ${entry.reason}`]
    case 'gathered':
      return [at, 'gathered', `in lot ${entry.lot}`]
    case 'replayed':
      return [at, 'replayed', 'by an operator']
    case 'ended':
      return [at, 'ended', `without a further attempt: ${entry.reason}`]
    case 'crm':
      return [at, 'CRM', `${deliveryText(entry)} (item ${entry.item})`]
  }
}

function deliveryText({ state, status, attempts, reason }: Extract<WholeStoryEntry, { kind: 'crm' }>): string {
  const tries = count(attempts, 'try', 'tries')
  const why = reason === null ? '' : `: ${reason}`
  switch (state) {
    case 'delivered':
      return `took "${status}" after ${tries}${why}`
    case 'waiting':
      return `waits for "${status}", after ${tries} so far${why}`
    case 'stopped':
      return `refused "${status}"${why}`
    case 'parked':
      return `did not take "${status}", parked after ${tries}${why}`
  }
}

interface ReplayOptions extends Narrowing {
  state?: 'failed'
  all?: boolean
  dryRun?: boolean
}

export async function messagesReplay(
  given: readonly number[] = [],
  { all = false, dryRun = false, ...narrowing }: ReplayOptions
) {
  const narrowed = Object.keys(narrowing).length > 0
  const ids = chosenIds(given, { all, narrowed })
  return withDatabase(async ({ database }, interrupted) => {
    const wanted = { ...filterOf(narrowing), ids, replayable: true }
    return replayInBatches({
      ids,
      dryRun,
      interrupted,
      count: () => countMessages(database, wanted),
      batches: () => idsOf(database, wanted, REPLAY_BATCH),
      replay: batch => replayMessages(database, batch, new Date()),
      describe: number => `${count(number, 'message')} that had failed`,
      left: 'had not failed, past their time, or not there'
    })
  })
}
