import type { FastifyInstance } from 'fastify'
import { apiPlugin } from './api/api.ts'
import { consoleLogin } from './api/console-login.ts'
import { type ConsoleSessions, createConsoleSessions } from './api/console-sessions.ts'
import { type Authenticate, createAuthenticator } from './api/tokens.ts'
import type { Mounted } from './channels/load.ts'
import type { HostParts } from './compose-host.ts'
import type { Config } from './config.ts'
import { consolePages } from './console/console.ts'
import { createObey } from './contacts/obey.ts'
import { channelPlugin } from './http/channel.ts'
import { metricsRoute } from './http/metrics-route.ts'
import { healthRoutes } from './http/public-routes.ts'
import type { Readiness } from './http/readiness.ts'
import { createKeeper } from './inbound/keep-webhooks.ts'
import type { ReplayCalls } from './inbound/replay-webhooks.ts'
import { createWebhookDays } from './inbound/webhook-days.ts'
import { createIngest } from './inbound/webhook-ingest.ts'
import { createAccept } from './messages/accept.ts'
import { createAcceptItems } from './messages/accept-items.ts'
import type { Metrics } from './metrics/metrics.ts'
import type { Opened } from './postgres/open.ts'
import type { WorkKind } from './queue/locks.ts'

interface Deps {
  config: Config
  app: FastifyInstance
  mounted: readonly Mounted[]
  opened: Pick<Opened, 'database' | 'secrets'>
  parts: HostParts
  readiness: Readiness
  metrics: () => Metrics | undefined
  replayCalls: ReplayCalls
  /** Is told of work of a kind that was stored. */
  stored: (work: WorkKind) => (count: number) => void
  now: () => Date
}

/** Registers what a host answers: the channels, the API and the console. `close` ends what runs for it. */
export async function serveWeb({
  config,
  app,
  mounted,
  opened: { database, secrets: keys },
  parts,
  readiness,
  metrics,
  replayCalls,
  stored,
  now
}: Deps): Promise<{ close: () => Promise<void> }> {
  const { ready } = parts.web
  const { meter, readers, tracing } = parts
  const { log } = app
  const base = new URL(config.selfUri).pathname
  const { consoleToken, quotas } = config
  const accept = createAccept(database, now, stored('send'), meter)
  const obey = createObey({ database, translate: parts.translate, now, told: stored('tell'), meter })
  const report = createIngest({ database, now, stored: stored('tell'), log, meter })
  const days = createWebhookDays({ database, perDay: quotas.webhooks, now, log })
  const keep = createKeeper({ enabled: config.webhooksMs > 0, keys, days })
  healthRoutes(app, readiness)
  if (config.metrics.token) metricsRoute(app, { metrics, token: config.metrics.token })
  for (const one of mounted)
    await app.register(
      channelPlugin(one, { ...parts.web, meter, tracing, accept, obey, report, keep, refused: days.refuse }),
      {
        prefix: prefixOf(base, one)
      }
    )
  const authenticate = createAuthenticator(database, consoleToken)
  const sessions = createConsoleSessions(database, { consoleToken, authenticate })
  const api = apiPlugin({
    database,
    ready,
    meter,
    tracing,
    now,
    authenticate,
    sessions,
    origin: new URL(config.selfUri).origin,
    perSecond: quotas.api,
    keys,
    outbound: parts.outbound,
    replayCalls,
    readers,
    told: stored('tell'),
    registrations: parts.web.registrations,
    settings: parts.web.settings,
    lend: parts.web.lend,
    defaultLanguage: config.defaultLanguage,
    mountedBy: name => mounted.find(({ channel }) => channel.name === name),
    mountedNames: mounted.map(({ channel }) => channel.name),
    // Events go with messages of their age.
    eventsMs: Math.min(config.eventsMs, config.retentionMs || config.eventsMs),
    acceptItems: createAcceptItems(database, now, stored('send'), meter)
  })
  const root = base.replace(/\/$/, '')
  await app.register(api, { prefix: `${root}${API_PATH}` })
  if (sessions) await openConsole(app, `${root}${CONSOLE_PATH}`, { authenticate, sessions, config, parts })
  return { close: days.close }
}

const API_PATH = '/api/v1'
const CONSOLE_PATH = '/console'

const prefixOf = (base: string, { path }: Mounted) => `${base.replace(/\/$/, '')}${path}`.replace(/\/$/, '')

async function openConsole(
  app: FastifyInstance,
  prefix: string,
  { authenticate, sessions, config: { selfUri }, parts: { pageTexts: texts } }: ConsoleParts
): Promise<void> {
  await app.register(consoleLogin({ authenticate, sessions, selfUri }), { prefix: `${prefix}/api` })
  await app.register(consolePages({ texts }), { prefix })
}

interface ConsoleParts {
  authenticate: Authenticate
  sessions: ConsoleSessions
  config: Config
  parts: { pageTexts: (language: string) => Readonly<Record<string, string>> | undefined }
}
