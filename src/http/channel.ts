import type { FastifyInstance } from 'fastify'
import type { RuntimeOf } from '../channels/call-channel.ts'
import { languageOf } from '../channels/language.ts'
import type { Mounted } from '../channels/load.ts'
import type { LendTools } from '../channels/tools.ts'
import type { Obey } from '../contacts/obey.ts'
import type { Verify } from '../crm/verify-token.ts'
import type { KeepCall } from '../inbound/keep-webhooks.ts'
import type { Ingest } from '../inbound/webhook-ingest.ts'
import type { Accept } from '../messages/accept.ts'
import type { Meter } from '../metrics/meter.ts'
import type { Database } from '../postgres/connect.ts'
import type { SettingsStore } from '../registrations/settings.ts'
import type { Registrations } from '../registrations/store.ts'
import type { Uploads } from '../storage/uploads.ts'
import type { Tracing } from '../tracing/spans.ts'
import { withMethods } from './errors.ts'
import { lookupRoutes } from './lookups.ts'
import { guard } from './plugin-token.ts'
import { publicRoutes } from './public-routes.ts'
import { registrationRoutes } from './registration.ts'
import type { RequestQuota } from './request-quota.ts'
import { settingsRoutes } from './settings.ts'
import { sendRoutes } from './special-send.ts'
import { uploadedRoutes, uploadRoutes } from './uploads.ts'
import { webhookRoutes } from './webhook.ts'

export interface ChannelParts {
  database: Database
  verify: Verify
  registrations: Registrations
  settings: SettingsStore
  uploads: Uploads
  accept: Accept
  obey: Obey
  meter: Meter
  tracing: Tracing
  report: Ingest
  keep: KeepCall
  refused: (registrationId: number) => void
  lend: LendTools
  ready: RuntimeOf
  /** The quota of requests for forms, settings, lookups and uploads. */
  requests: RequestQuota
  /** The quota of bytes of messages. */
  posted: RequestQuota
  defaultLanguage: string
}

/** The routes of a channel, which is a plugin to the CRM, in a Fastify context of its own. */
export const channelPlugin =
  (mounted: Mounted, parts: ChannelParts) =>
  (app: FastifyInstance): Promise<void> =>
    withMethods(app, async app => {
      const own = { ...parts, mounted, language: languageOf(mounted, parts.defaultLanguage) }

      publicRoutes(app, own)
      registrationRoutes(app, own)
      sendRoutes(app, own)
      await uploadedRoutes(app, parts.uploads)
      await app.register(async scope => webhookRoutes(scope, own))
      await app.register(
        async scope => {
          guard(scope, own)
          lookupRoutes(scope, own)
          await uploadRoutes(scope, own)
          await scope.register(async scope => settingsRoutes(scope, own))
        },
        { prefix: '/protected' }
      )
      if (mounted.channel.routes) await app.register(mounted.channel.routes)
    })
