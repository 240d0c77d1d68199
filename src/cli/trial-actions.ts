import type { Channel } from 'channel-kit/channel'
import type { PreparedItem } from 'channel-kit/lots'
import type { Outgoing } from 'channel-kit/outcome'
import type { Simulator } from 'channel-kit/simulator'
import type { Tools } from 'channel-kit/tools'
import { eq } from 'drizzle-orm'
import { importChannel, mountChannel } from '../channels/load.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { translate } from '../protocol/language.ts'
import { effectiveSettings } from '../protocol/settings.ts'
import { bar, type CliAnswer, count, progress } from './answer.ts'
import { withHost } from './lent-host.ts'
import { table } from './table.ts'

interface TestOptions {
  contacts: number
  action: 'message' | 'email' | 'template' | 'all'
  live?: boolean
  registration?: number
  to?: readonly string[]
}

type Action = Exclude<TestOptions['action'], 'all'>

interface ActionResult {
  action: Action
  prepared: number
  refused: readonly string[]
  lot: string | null
  problem: string | null
  /** The item of the first contact, as the gateway gets it. */
  example: unknown
}

const PACKAGE = 'bpmessage'
const CHANNELS = { message: 'bpmessage', email: 'bpmessage-email', template: 'bpmessage-email' } as const

/** Calls the channel's verbs as the host does, and stores nothing. */
export async function testActionsRun({
  contacts,
  action,
  live = false,
  registration,
  to
}: TestOptions): Promise<CliAnswer> {
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
      const tried: ActionResult[] = []
      for (const one of actions) {
        const channel = await importChannel(CHANNELS[one])
        const settings = one === 'message' ? fake.settings : fake.emailSettings
        tried.push(
          await tryOut(one, channel, await fakeTools(channel, settings, testTemplate(one)), madeUp(one, contacts))
        )
      }
      return answerOf(tried, fake.violations())
    } finally {
      await fake.close()
    }
  }
  if (registration === undefined || !to || action === 'all')
    throw new Error('--live wants a --registration, one --action, and contacts by --to.')
  return withLiveTools(registration, CHANNELS[action], async (channel, tools) =>
    answerOf([await tryOut(action, channel, tools, to)], [])
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

async function tryOut(
  action: Action,
  channel: Channel,
  tools: Tools,
  contacts: readonly string[]
): Promise<ActionResult> {
  const lots = channel.lots
  if (!lots) throw new Error(`The channel "${channel.name}" has no lots.`)
  const items: PreparedItem[] = []
  const refused: string[] = []
  for (const [index, contact] of contacts.entries()) {
    if (index % 100 === 0) progress(`${bar(index, contacts.length)}  ${action}: ${index} of ${contacts.length}`)
    const prepared = await lots.prepare(messageTo(contact, TEXTS[action], index), tools)
    if (prepared.kind === 'item') items.push(prepared)
    else
      refused.push(`${contact}: ${prepared.kind === 'rejected' ? prepared.reason : 'by the settings it is sent alone'}`)
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
): Promise<Pick<ActionResult, 'lot' | 'problem'>> {
  const lot = { id: 'test', name, key, items: items.length, doubtful: false }
  const opened = await lots.open(lot, tools)
  if (opened.kind !== 'opened') return { lot: null, problem: `it was not opened: ${opened.reason}` }
  const open = { ...lot, ref: opened.ref }
  const { chunk } = lots.limits(tools.settings)
  for (let start = 0; start < items.length; start += chunk) {
    const part = items.slice(start, start + chunk).map(({ item }) => item)
    const added = await lots.add(open, part, tools)
    if (added.kind === 'added') continue
    // A lot with messages is closed, so that they are sent; an empty one is left.
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

function answerOf(tried: readonly ActionResult[], violations: readonly string[]): CliAnswer {
  const rows = tried.map(({ action, prepared, refused, lot, problem }) => [
    action,
    prepared,
    refused.length,
    lot,
    problem ?? (refused[0] || 'ok')
  ])
  const bad = tried.filter(({ refused, problem }) => refused.length > 0 || problem !== null).length + violations.length
  return {
    data: { actions: tried, violations },
    text: [table(['action', 'sent', 'refused', 'lot', 'how it went'], rows), ...violations].join('\n'),
    ...(bad > 0 ? { failure: `${count(bad, 'thing')} went wrong.` } : {})
  }
}

/** The line that each field of the settings' group `templates` gets. */
const TEMPLATE_LINES = {
  subject: 'A test for {{ name | default: "you" }}',
  body: 'Hello {{ name | default: "you" }}, this is a test.\\nYou are {{ contact }}.'
} as const

export async function testActionsCreate({
  registration: id,
  code
}: {
  registration: number
  code: string
}): Promise<CliAnswer> {
  if (!/^[\p{L}\p{N}_.-]+$/u.test(code))
    throw new Error('A code is of letters, digits, points, dashes and underscores.')
  return withHost({ worker: false }, async host => {
    const [row] = await host.database.db.select().from(registrations).where(eq(registrations.id, id))
    if (!row) throw new Error(`There is no registration ${id}.`)
    const mounted = host.mounted.find(({ channel }) => channel.name === row.channel)
    const group = mounted?.channel.settings.properties.templates as { properties: object } | undefined
    if (!mounted || !group) throw new Error(`The channel "${row.channel}" has no templates, or is not mounted.`)

    const { schema, saved } = { schema: mounted.channel.settings, saved: await host.settings.load(id) }
    if (!effectiveSettings(schema, saved)) throw new Error(`The settings of registration ${id} are not complete.`)
    const fields = Object.keys(TEMPLATE_LINES).filter(
      field => field in group.properties
    ) as (keyof typeof TEMPLATE_LINES)[]
    const templates = Object.fromEntries(
      fields.map(field => [field, withTemplate(saved.templates?.[field], code, field)])
    )
    await host.settings.save(id, schema, { ...saved, templates: { ...saved.templates, ...templates } })
    return { data: { id, code, fields }, text: `Added the template. Try it: /template ${code} name=Ana` }
  })
}

function withTemplate(list: unknown, code: string, field: keyof typeof TEMPLATE_LINES): string {
  const lines = typeof list === 'string' && list.trim() ? list.trim().split(/\r\n|\r|\n/) : []
  if (lines.some(line => line.trim().startsWith(`${code}:`)))
    throw new Error(`There is a template "${code}" already. Give another --code.`)
  return [...lines, `${code}: ${TEMPLATE_LINES[field]}`].join('\n')
}

const CHANNEL_TIMEOUT_MS = 60_000

async function fakeTools(
  channel: Channel,
  given: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  templates: Readonly<Record<string, string>>
): Promise<Tools> {
  const { options, catalogues } = await mountChannel(channel, undefined, 'http://127.0.0.1/', {})
  const settings = effectiveSettings(channel.settings, { ...given, templates })
  if (!settings) throw new Error('The settings of the fake are not those of the channel.')
  const log = () => {}
  return {
    settings,
    options,
    fetch,
    signal: AbortSignal.timeout(CHANNEL_TIMEOUT_MS),
    now: () => new Date(),
    log: { info: log, warn: log, error: log },
    translate: (category, message, params) => translate(catalogues, ['en_US'], category, message, params),
    async upload() {
      throw new Error('Nothing is uploaded in a trial.')
    },
    async spool() {
      throw new Error('No file is sent in a trial.')
    },
    webhookUrl: '',
    notes: {},
    recall: async asked => asked.map(() => undefined)
  }
}

const withLiveTools = <Result>(
  registration: number,
  name: string,
  work: (channel: Channel, tools: Tools) => Promise<Result>
): Promise<Result> =>
  withHost({ worker: false }, async ({ ready }) => {
    const runtime = await ready(registration, AbortSignal.timeout(CHANNEL_TIMEOUT_MS))
    if (!runtime.ok) throw new Error(`Registration ${registration} cannot send: ${runtime.reason}.`)
    const { channel, tools } = runtime.value
    if (channel.name !== name) throw new Error(`Registration ${registration} cannot send: it is not of ${name}.`)
    return work(channel, tools)
  })
