import type { Cell, Lookup, LookupTools, Search } from 'channel-kit/channel'
import type { Choices } from 'channel-kit/form'
import { forAccount } from 'channel-kit/offload'
import type { Tools } from 'channel-kit/tools'
import { Unanswered } from 'channel-kit/unanswered'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { beforeDeadline } from '../channels/call-channel.ts'
import type { Language } from '../channels/language.ts'
import type { Mounted } from '../channels/load.ts'
import type { LendTools } from '../channels/tools.ts'
import { within } from '../http-client/timeout.ts'
import { lotsTable } from '../lots/table.ts'
import type { Database } from '../postgres/connect.ts'
import { choicesJson } from '../protocol/form.ts'
import type { SettingsStore } from '../registrations/settings.ts'
import { jsonParameter } from './bodies.ts'
import { NoAccess, NotFound } from './errors.ts'

/** A channel has so long while an admin looks at an open form. */
const LOOKUP_TIMEOUT_MS = 15_000

interface Deps {
  database: Pick<Database, 'db'>
  mounted: Mounted
  language: Language
  settings: Pick<SettingsStore, 'load'>
  lend: LendTools
}

type Named = FastifyRequest<{ Params: { name: string } }>

/** Lookups of a form while it is filled in. Source: docs/protocol.md, "Autocomplete" and "Previews". */
export function lookupRoutes(app: FastifyInstance, { database, mounted, language, settings, lend }: Deps): void {
  const { autocompletes = {}, tables = {}, markdowns = {}, lots } = mounted.channel

  app.get('/autocomplete/:name', async (request: Named) => {
    const choices = await asked(request, autocompletes, searchOf).catch(error => nothingOf(request, error))
    const { word } = language(request.headers['accept-language'])
    return choicesJson(choices, message => word('settings', message))
  })

  app.get('/preview/table/:name', (request: Named) =>
    asked(request, lots ? { lots: lotsOf(request), ...tables } : tables, lookupOf)
  )

  app.get('/preview/markdown/:name', async (request: Named) => ({
    markdown: await asked(request, markdowns, lookupOf)
  }))

  /** The host's own table of a channel's lots. */
  const lotsOf =
    ({ registration }: FastifyRequest) =>
    (_: Lookup, { translate }: LookupTools): Promise<readonly Cell[][]> =>
      lotsTable(database, registration.id, translate)

  /** The answer of the channel's handler of that name. */
  async function asked<Question, Answer>(
    request: Named,
    handlers: Readonly<Record<string, (question: Question, tools: LookupTools) => Promise<Answer>>>,
    read: (request: FastifyRequest) => Question
  ): Promise<Answer> {
    const handler = named(handlers, request)
    const question = read(request)
    return within(LOOKUP_TIMEOUT_MS, async signal => {
      const lent = await tools(request, signal)
      return beforeDeadline(signal, () => forAccount(request.registration.id, () => handler(question, lent)))
    })
  }

  /** No choices for a search that the channel cannot answer now: the form stays usable. */
  function nothingOf({ log, registration, params: { name } }: Named, error: unknown): Choices {
    if (!(error instanceof Unanswered)) throw error
    const { message: reason } = error
    log.warn(
      { event: 'settings.lookup_failed', registration: registration.id, autocomplete: name, reason },
      'autocomplete lookup failed'
    )
    return {}
  }

  async function tools(
    { registration, maySettings, headers }: FastifyRequest,
    signal: AbortSignal
  ): Promise<LookupTools> {
    const saved = await settings.load(registration.id)
    const { current } = language(headers['accept-language'])
    const { tools } = await lend({ mounted, registration, settings: saved, signal, language: current })
    return (maySettings ? tools : withheld(tools)) as LookupTools
  }
}

/** The webhook's address is a secret: a lookup that reads it is refused to users who may not change settings. */
const withheld = (tools: Tools): Tools =>
  Object.defineProperty({ ...tools }, 'webhookUrl', {
    get(): never {
      throw new NoAccess()
    }
  })

function named<Handler>(handlers: Readonly<Record<string, Handler>>, { params: { name } }: Named): Handler {
  const handler = Object.hasOwn(handlers, name) ? handlers[name] : undefined
  if (!handler) throw new NotFound()
  return handler
}

const lookupOf = ({ query }: FastifyRequest): Lookup => ({
  dep: jsonParameter(query, 'dep'),
  context: jsonParameter(query, 'context')
})

/** A text is searched for; a list, or a map, of keys is resolved. */
function searchOf(request: FastifyRequest): Search {
  const { query } = request.query as { query?: unknown }
  if (typeof query === 'object' && query !== null)
    return { ...lookupOf(request), keys: Object.values(query).map(String) }
  return { ...lookupOf(request), text: String(query ?? '') }
}
