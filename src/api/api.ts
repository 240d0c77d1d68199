import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import { registerAjvFormats, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import type { TSchema } from 'typebox'
import packageJson from '../../package.json' with { type: 'json' }
import type { RuntimeOf } from '../channels/call-channel.ts'
import type { Mounted } from '../channels/load.ts'
import type { LendTools } from '../channels/tools.ts'
import type { WaitingReaders } from '../events/waiting-readers.ts'
import type { Outbound } from '../http-client/address-policy.ts'
import type { ReplayCalls } from '../inbound/replay-webhooks.ts'
import type { AcceptItems } from '../messages/accept-items.ts'
import type { Meter } from '../metrics/meter.ts'
import type { Database } from '../postgres/connect.ts'
import type { SettingsStore } from '../registrations/settings.ts'
import type { Registrations } from '../registrations/store.ts'
import type { KeyWrap, Secrets } from '../secrets/secrets.ts'
import type { Tracing } from '../tracing/spans.ts'
import { authorize } from './authorize.ts'
import type { ConsoleSessions } from './console-sessions.ts'
import { ErrorAnswer, refuseInvalid } from './errors.ts'
import { auditApi } from './routes/audit.ts'
import { cancelApi } from './routes/cancel-messages.ts'
import { channelWebhookApi } from './routes/channel-webhook.ts'
import { lineApi } from './routes/conversation-lines.ts'
import { noteApi } from './routes/conversation-notes.ts'
import { eventApi } from './routes/events.ts'
import { failureApi } from './routes/failures.ts'
import { holdApi } from './routes/holds.ts'
import { itemApi } from './routes/items.ts'
import { lotApi } from './routes/lots.ts'
import { messageApi } from './routes/messages.ts'
import { operationApi } from './routes/operations.ts'
import { outboxApi } from './routes/outbox.ts'
import { overviewApi } from './routes/overview.ts'
import { receivedApi } from './routes/received-webhooks.ts'
import { registrationApi } from './routes/registrations.ts'
import { settingsApi } from './routes/settings.ts'
import { suppressionApi } from './routes/suppressions.ts'
import { templateApi } from './routes/templates.ts'
import { tokenApi } from './routes/tokens.ts'
import { usageApi } from './routes/usage.ts'
import { webhookApi } from './routes/webhooks.ts'
import type { Authenticate } from './tokens.ts'
import { validateRequest } from './validate.ts'

/** The public API of the host, in a Fastify context of its own: `/api/v1` below the host's own path. */

interface Deps {
  database: Database
  ready: RuntimeOf
  now: () => Date
  authenticate: Authenticate
  /** Sessions of the console, where there is one. */
  sessions: ConsoleSessions | undefined
  /** Origin of the host's own address. */
  origin: string
  /** Requests a second of one token. */
  perSecond: number
  keys: KeyWrap & Pick<Secrets, 'seal'>
  outbound: Pick<Outbound, 'hostProblem'>
  replayCalls: ReplayCalls
  registrations: Pick<Registrations, 'get' | 'rotateWebhook'>
  mountedBy: (channel: string) => Mounted | undefined
  mountedNames: readonly string[]
  settings: SettingsStore
  lend: LendTools
  defaultLanguage: string
  acceptItems: AcceptItems
  tracing: Tracing
  meter: Meter
  /** Events are kept so long; 0: there are none. */
  eventsMs: number
  readers: WaitingReaders
  /** Is told of items for the CRM. */
  told: (count: number) => void
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The body as the OpenAPI file describes it, where the route judges more of it than its schema does. */
    describedBody?: TSchema
  }
}

const DESCRIPTION = `What a company's other programs may ask of the host, and do. Every request but for this
description needs \`Authorization: Bearer\` with a token of \`npm run cli -- tokens create\`. Errors are
\`{code, message}\`, with \`errors\` by field where a request is not valid. Lists answer \`{items, next}\`; give
\`next\` as \`cursor\` to go on. Times are ISO 8601 in UTC.`

/** Content security policy of the page: everything is the host's own. The library's policy allows other hosts, and sends a page without TLS to https. */
const POLICY = [
  "default-src 'none'",
  "base-uri 'none'",
  "connect-src 'self'",
  "font-src 'self' data:",
  "form-action 'none'",
  "frame-ancestors 'none'",
  "img-src 'self' data:",
  "script-src 'self'",
  // The one style that the page has inline.
  "style-src 'self' 'sha256-RL3ie0nH+Lzz2YNqQN83mnU0J1ot4QL7b99vMdIX99w='"
].join('; ')

/** Refusals that every route may answer. */
const REFUSALS = {
  '4xx': ErrorAnswer,
  '5xx': ErrorAnswer
}

export const apiPlugin =
  ({ authenticate, sessions, origin, perSecond, ...deps }: Deps) =>
  async (scope: FastifyInstance): Promise<void> => {
    const { database, ready, now, keys, replayCalls, meter } = deps
    const app = scope.withTypeProvider<TypeBoxTypeProvider>()
    registerAjvFormats()
    app.setValidatorCompiler(validateRequest)
    refuseInvalid(app)
    await app.register(swagger, {
      openapi: {
        openapi: '3.1.0',
        info: { title: 'chat-plugin-host', version: packageJson.version, description: DESCRIPTION },
        components: { securitySchemes: { token: { type: 'http', scheme: 'bearer' } } },
        security: [{ token: [] }]
      },
      transform: ({ schema, url, route: { config } }) => ({
        url,
        schema: config?.describedBody ? { ...schema, body: config.describedBody } : schema
      })
    })
    app.get('/openapi.json', { schema: { hide: true } }, async () => app.swagger())
    await app.register(swaggerUi, {
      routePrefix: '/docs',
      indexPrefix: app.prefix,
      staticCSP: true,
      transformStaticCSP: () => POLICY,
      uiConfig: { deepLinking: true },
      theme: { title: 'chat-plugin-host: API' }
    })

    await app.register(async guarded => {
      await authorize(guarded, { authenticate, sessions, origin, perSecond })
      guarded.addHook('onRoute', route => {
        route.schema = { ...route.schema, response: { ...(route.schema?.response as object), ...REFUSALS } }
      })
      await guarded.register(registrationApi({ database, ready, now }))
      await guarded.register(overviewApi(deps))
      await guarded.register(settingsApi(deps))
      await guarded.register(templateApi(deps))
      await guarded.register(itemApi(deps))
      await guarded.register(channelWebhookApi(deps))
      await guarded.register(lineApi(deps))
      await guarded.register(noteApi(deps))
      await guarded.register(holdApi(deps))
      await guarded.register(suppressionApi(deps))
      await guarded.register(messageApi({ database }))
      await guarded.register(failureApi({ database, now }))
      await guarded.register(cancelApi({ database, now, meter }))
      await guarded.register(operationApi({ database, now }))
      await guarded.register(lotApi({ database, now, meter }))
      await guarded.register(outboxApi({ database, now }))
      await guarded.register(receivedApi({ database, keys, replayCalls }))
      await guarded.register(eventApi(deps))
      await guarded.register(webhookApi({ ...deps, secrets: keys }))
      await guarded.register(usageApi(deps))
      await guarded.register(tokenApi({ database, now }))
      await guarded.register(auditApi({ database }))
    })
  }
