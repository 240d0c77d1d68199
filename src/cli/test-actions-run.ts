import type { Channel } from 'channel-kit/channel'
import type { PreparedItem } from 'channel-kit/lots'
import type { Outgoing } from 'channel-kit/outcome'
import type { Simulator } from 'channel-kit/simulator'
import type { Tools } from 'channel-kit/tools'
import { importChannel } from '../channels/load.ts'
import { bar, type CliAnswer, count, progress } from './answer.ts'
import { table } from './table.ts'
import { fakeTools, withLiveTools } from './test-actions-tools.ts'

interface Options {
  contacts: number
  action: 'message' | 'email' | 'template' | 'all'
  live?: boolean
  registration?: number
  to?: readonly string[]
}

export type Action = Exclude<Options['action'], 'all'>

interface Tried {
  action: Action
  prepared: number
  refused: readonly string[]
  lot: string | null
  problem: string | null
  /** What the first one's item is, as the gateway gets it. */
  example: unknown
}

const PACKAGE = 'bpmessage'
const CHANNELS = { message: 'bpmessage', email: 'bpmessage-email', template: 'bpmessage-email' } as const

/** Calls the channel's verbs as the host does, without keeping anything. */
export async function testActionsRun({
  contacts,
  action,
  live = false,
  registration,
  to
}: Options): Promise<CliAnswer> {
  if (!live && (to || registration !== undefined)) throw new Error('--registration and --to go with --live.')
  const actions: readonly Action[] = action === 'all' ? ['message', 'email', 'template'] : [action]
  if (!live) {
    const { startSimulator } = (await import(`channel-${PACKAGE}/simulator`)) as {
      startSimulator: () => Promise<
        Simulator & { emailSettings: Simulator['settings']; violations(): readonly string[] }
      >
    }
    const fake = await startSimulator()
    try {
      const tried: Tried[] = []
      for (const one of actions) {
        const channel = await importChannel(CHANNELS[one])
        const settings = one === 'message' ? fake.settings : fake.emailSettings
        tried.push(
          await tryOut(one, channel, await fakeTools(channel, settings, testTemplate(one)), madeUp(one, contacts))
        )
      }
      return told(tried, fake.violations())
    } finally {
      await fake.close()
    }
  }
  if (registration === undefined || !to || action === 'all')
    throw new Error('--live wants a --registration, one --action, and contacts by --to.')
  return withLiveTools(registration, CHANNELS[action], async (channel, tools) =>
    told([await tryOut(action, channel, tools, to)], [])
  )
}

const testTemplate = (action: Action) =>
  action === 'template' ? { subject: 'test: A test for {{ name }}', body: 'test: <p>Hello {{ name }}</p>' } : {}

const madeUp = (action: Action, contacts: number): string[] =>
  Array.from({ length: contacts }, (_, index) =>
    action === 'message' ? `+5511${900_000_001 + index}` : `contact${index + 1}@example.com`
  )

const TEXTS = {
  message: 'A test for {contact}',
  email: 'A test for {contact}',
  template: '/template test name=Ana'
} as const satisfies Record<Action, string>

async function tryOut(action: Action, channel: Channel, tools: Tools, contacts: readonly string[]): Promise<Tried> {
  const lots = channel.lots
  if (!lots) throw new Error(`The channel "${channel.name}" has no lots.`)
  const items: PreparedItem[] = []
  const refused: string[] = []
  for (const [index, contact] of contacts.entries()) {
    if (index % 100 === 0) progress(`${bar(index, contacts.length)}  ${action}: ${index} of ${contacts.length}`)
    const prepared = await lots.prepare(messageTo(contact, TEXTS[action], index), tools)
    if (prepared.kind === 'item') items.push(prepared)
    else refused.push(`${contact}: ${prepared.kind === 'rejected' ? prepared.reason : 'it goes alone by the settings'}`)
  }
  progress('')
  const [first] = items
  const sent = first ? await send(lots, first, items, tools) : { lot: null, problem: null }
  return { action, prepared: items.length, refused, example: first?.item ?? null, ...sent }
}

async function send(
  lots: NonNullable<Channel['lots']>,
  { name, key }: PreparedItem,
  items: readonly PreparedItem[],
  tools: Tools
): Promise<Pick<Tried, 'lot' | 'problem'>> {
  const lot = { id: 'test', name, key, items: items.length, doubtful: false }
  const opened = await lots.open(lot, tools)
  if (opened.kind !== 'opened') return { lot: null, problem: `it was not opened: ${opened.reason}` }
  const open = { ...lot, ref: opened.ref }
  const { chunk } = lots.limits(tools.settings)
  for (let start = 0; start < items.length; start += chunk) {
    const part = items.slice(start, start + chunk).map(({ item }) => item)
    const added = await lots.add(open, part, tools)
    if (added.kind === 'added') continue
    // What is in it is to be sent; an empty one is left.
    if (start > 0) await lots.close(open, tools)
    return { lot: opened.ref, problem: `it was not filled: ${added.reason}` }
  }
  const closed = await lots.close(open, tools)
  return { lot: opened.ref, problem: closed.kind === 'closed' ? null : `it was not closed: ${closed.reason}` }
}

const messageTo = (contact: string, text: string, index: number): Outgoing => ({
  contact,
  address: contact,
  subject: 'Test',
  content: { text, format: 'text' },
  attachments: [],
  id: `test-${index}`,
  attempt: 1,
  sent: [],
  progress: null,
  conversation: { lastIncoming: null, memory: null }
})

function told(tried: readonly Tried[], violations: readonly string[]): CliAnswer {
  const rows = tried.map(({ action, prepared, refused, lot, problem }) => [
    action,
    prepared,
    refused.length,
    lot,
    problem ?? (refused[0] || 'well')
  ])
  const bad = tried.filter(({ refused, problem }) => refused.length > 0 || problem !== null).length + violations.length
  return {
    data: { actions: tried, violations },
    text: [table(['action', 'sent', 'refused', 'lot', 'how it went'], rows), ...violations].join('\n'),
    ...(bad > 0 ? { failure: `${count(bad, 'thing')} went wrong.` } : {})
  }
}
