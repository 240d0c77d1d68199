import closeWithGrace from 'close-with-grace'
import { languageOf } from '../src/channels/language.ts'
import { loadChannels } from '../src/channels/load.ts'
import { readConfig } from '../src/config.ts'
import { createKeyStore } from '../src/crm/keys.ts'
import { createVerifier } from '../src/crm/verify-token.ts'
import { publicRoutes } from '../src/http/public-routes.ts'
import { registrationRoutes } from '../src/http/registration.ts'
import { requestQuota } from '../src/http/request-quota.ts'
import { openServer } from '../src/http/server.ts'
import { sendRoutes } from '../src/http/special-send.ts'
import { openOutbound } from '../src/http-client/address-policy.ts'
import { NO_METER } from '../src/metrics/meter.ts'
import { openPrepared } from '../src/postgres/open.ts'
import { userAgent } from '../src/protocol/special-request.ts'
import { createRegistrationStore } from '../src/registrations/store.ts'
import { NO_TRACING } from '../src/tracing/spans.ts'

/** The same server with the same checks that stores nothing: an accepting host is measured against it. */

const config = readConfig(process.env)
const app = await openServer({ ...config, pretty: false }, undefined)
const [mounted] = await loadChannels(config)
if (!mounted) throw new Error('there is no channel')
const { database, secrets, close } = await openPrepared(config, { waits: text => app.log.warn(text) })
const outbound = openOutbound(config.outboundAllow)
const now = () => new Date()
const keys = createKeyStore({ db: database.db, outbound, userAgent: userAgent(config.selfUri), now })
const deps = {
  mounted,
  verify: createVerifier({ issuers: config.issuers, keys, now, log: app.log }),
  registrations: createRegistrationStore(database, secrets),
  language: languageOf(mounted, config.defaultLanguage)
}
publicRoutes(app, deps)
registrationRoutes(app, deps)
sendRoutes(app, {
  ...deps,
  accept: async () => {},
  obey: async () => {},
  meter: NO_METER,
  tracing: NO_TRACING,
  posted: requestQuota({ perSecond: config.quotas.messages, now })
})
await app.listen(config.listen)

closeWithGrace({ logger: false }, async () => {
  await app.close()
  await outbound.close()
  await close()
})
