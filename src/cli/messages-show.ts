import { findMessages, storyOf, type Told } from '../messages/queries.ts'
import { itemsAbout } from '../outbox/queries.ts'
import type { Database } from '../postgres/connect.ts'
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './database.ts'
import { type Cell, facts, plainly, table } from './table.ts'

interface Options {
  crmId?: string
  registration?: number
}

export async function messagesShow(
  id: number | undefined,
  { crmId, registration: registrationId }: Options
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
    const data = await told(database, message)
    return { data, text: [facts(head(data)), ...content(data), '', story(data.story)].join('\n') }
  })
}

async function told(database: Pick<Database, 'db'>, { body, chapters, ...message }: Found) {
  const { crmId } = message
  const { subject, content, attachments } = body
  return { ...message, subject, content, attachments, story: storyOf(message.acceptedAt, chapters, await heard()) }

  async function heard(): Promise<Told[]> {
    if (crmId === null) return []
    return (await itemsAbout(database, { ...message, crmId })).map(item => ({
      kind: 'crm',
      at: (item.settledAt ?? item.createdAt).toISOString(),
      item: item.id,
      status: (item.body as { status: string }).status,
      state: item.state,
      attempts: item.attempts,
      reason: item.reason
    }))
  }
}

type Found = Awaited<ReturnType<typeof findMessages>>[number]
type Data = Awaited<ReturnType<typeof told>>

const head = (message: Data): (readonly [string, Cell])[] => [
  ['message', message.id],
  ['registration', message.registrationId],
  ['contact', message.contact],
  ['CRM id', message.crmId],
  ['state', message.state],
  ['status', message.status],
  ['reason', message.reason],
  ['gateway ref', message.ref],
  ['parts', message.parts.map(partly).join(', ') || null],
  ['attempts', message.attempts],
  ['replays', message.replays],
  ['due', message.dueAt],
  ['settled', message.settledAt],
  ['subject', message.subject]
]

const partly = ({ part, ref, status }: Data['parts'][number]) => `${part} as ${ref}${status ? ` (${status})` : ''}`

function content({ content, attachments }: Data): string[] {
  const lines = content ? content.text.split('\n').map(line => `  ${plainly(line)}`) : []
  return [
    ...(content ? [`text (${content.format})`, ...lines] : []),
    ...attachments.map(({ type, name, uri }) => plainly(`${type}  ${name}  ${uri}`))
  ]
}

const story = (all: readonly Told[]) => table(['at', 'what', 'how'], all.map(line))

function line(told: Told): readonly Cell[] {
  // To the millisecond: much happens in a second.
  const { at } = told
  switch (told.kind) {
    case 'accepted':
      return [at, 'accepted', 'stored, and 202 for the CRM']
    case 'attempt':
      return [
        at,
        `attempt ${told.number}`,
        `${told.outcome}${told.ref === undefined ? '' : ` as ${told.ref}`}${told.reason === undefined ? '' : `: ${told.reason}`} (${told.durationMs} ms)`
      ]
    case 'status':
      return [
        at,
        told.part === undefined ? 'status' : `status of part ${told.part}`,
        `${told.status}${told.reason === undefined ? '' : `: ${told.reason}`}`
      ]
    case 'noted':
      return [
        at,
        told.part === undefined ? 'noted' : `noted of part ${told.part}`,
        `${told.status}: ${told.reason}; it changed nothing`
      ]
    case 'returned':
      return [
        at,
        'returned',
        `${told.ref} was given back${told.way === undefined ? '' : `, to go by "${told.way}"`}${told.reason === undefined ? '' : `: ${told.reason}`}`
      ]
    case 'confirmed':
      return [at, 'confirmed', `as ${told.ref}: a status of it came, so it is not sent again`]
    case 'unconfirmed':
      return [at, 'unconfirmed', `no status of it came: ${told.reason}`]
    case 'gathered':
      return [at, 'gathered', `in lot ${told.lot}`]
    case 'replayed':
      return [at, 'replayed', 'by an operator']
    case 'crm':
      return [at, 'CRM', `${heard(told)} (item ${told.item})`]
  }
}

function heard({ state, status, attempts, reason }: Extract<Told, { kind: 'crm' }>): string {
  const tries = count(attempts, 'try', 'tries')
  const why = reason === null ? '' : `: ${reason}`
  switch (state) {
    case 'delivered':
      return `took "${status}" after ${tries}${why}`
    case 'waiting':
      return `is to be told "${status}", after ${tries} so far${why}`
    case 'stopped':
      return `will never take "${status}"${why}`
    case 'parked':
      return `did not take "${status}", given up after ${tries}${why}`
  }
}
