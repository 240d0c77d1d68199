import { randomUUID } from 'node:crypto'
import type { Translate } from 'channel-kit/tools'
import type { FastifyInstance } from 'fastify'
import { HOST_TRANSLATIONS, loadCatalogues } from './channels/catalogues.ts'
import type { Mounted } from './channels/load.ts'
import { createNotesStore } from './channels/notes.ts'
import { createAccountLimits, createRuntime } from './channels/runtime.ts'
import { createTools } from './channels/tools.ts'
import type { Config } from './config.ts'
import { createCrmClient } from './crm/client.ts'
import { createKeyStore } from './crm/keys.ts'
import { createVerifier } from './crm/verify-token.ts'
import { createSender } from './delivery/send-attempt.ts'
import { placeEvents } from './events/feed.ts'
import { createWaitingReaders } from './events/waiting-readers.ts'
import { requestQuota } from './http/request-quota.ts'
import { openOutbound } from './http-client/address-policy.ts'
import { createRecall } from './inbound/recall.ts'
import { createMetrics } from './metrics/metrics.ts'
import { createDelivery } from './outbox/deliver.ts'
import type { Opened } from './postgres/open.ts'
import { translate } from './protocol/language.ts'
import { userAgent } from './protocol/special-request.ts'
import { aboutHost } from './queue/own-load.ts'
import { listenForChanges } from './registrations/cache.ts'
import { createSettingsStore } from './registrations/settings.ts'
import { createRegistrationStore } from './registrations/store.ts'
import type { StartOptions } from './start-options.ts'
import { uploadQuota } from './storage/quota.ts'
import { openSpool } from './storage/spool.ts'
import { openUploads, uploadsRoot } from './storage/uploads.ts'
import type { Tracing } from './tracing/spans.ts'
import { countTraffic } from './traffic/count-traffic.ts'
import { createPusher } from './webhook-push/pusher.ts'
import { workOf } from './work.ts'

export type HostParts = Awaited<ReturnType<typeof composeHost>>

/** Makes the parts of a host, each given what it needs. */
export async function composeHost(
  config: Config,
  app: FastifyInstance,
  mounted: readonly Mounted[],
  { database, secrets }: Opened,
  { now, random, tracing }: Required<Pick<StartOptions, 'now' | 'random'>> & { tracing: Tracing }
) {
  const { log } = app
  const { defaultLanguage, queue } = config
  const outbound = openOutbound(config.outboundAllow)
  const root = uploadsRoot(config.uploadsUrl, config.dataDir)
  const { uploads: most, diskFloor: floor } = config.quotas
  const uploads = openUploads(root, uploadQuota({ db: database.db, root, most, floor, now }))
  await uploads.prepare()
  const spool = openSpool({ dataDir: config.dataDir, floor, now })
  await spool.prepare()

  const mountedBy = (name: string) => mounted.find(({ channel }) => channel.name === name)
  const registrations = createRegistrationStore(database, secrets)
  const pools = [{ name: 'host', pool: database.pool }]
  const { port, token } = config.metrics
  const {
    meter: counters,
    metrics,
    close
  } = createMetrics({
    wanted: port !== undefined || token !== undefined,
    ...{ database, mounted: mounted.map(({ channel }) => channel.name), look: registrations.get, pools }
  })
  const traffic = countTraffic({ database, now, log })
  const meter = traffic.on(counters)
  const settings = createSettingsStore(database, secrets)
  await settings.sealOpen(name => mountedBy(name)?.channel.settings)
  const notes = createNotesStore(database)
  const unheed = await listenForChanges(database, [...registrations.caches, ...settings.caches, ...notes.caches])
  const keys = createKeyStore({ db: database.db, outbound, userAgent: userAgent(config.selfUri), now })
  const verify = createVerifier({ issuers: config.issuers, keys, now, log })

  const lend = createTools({
    outbound,
    uploads,
    spool,
    notes,
    recall: createRecall(database),
    now,
    log,
    defaultLanguage
  })
  const ready = createRuntime({ registrations, settings, mountedBy, lend })
  const call = createCrmClient({ outbound, issuers: config.issuers, now })
  const selfUriOf = (name: string) => mountedBy(name)?.selfUri

  const host = randomUUID()
  const interruption = new AbortController()
  const limitsOf = createAccountLimits({ registrations, settings, mountedBy, log })
  const texts = await loadCatalogues(HOST_TRANSLATIONS)
  /** The host's own words to those who read a chat. */
  const own: Translate = (...text) => translate(texts, [defaultLanguage], ...text)
  const send = createSender({ ready, policy: queue, now, meter, tracing, log })
  const tell = createDelivery({
    database,
    registrations,
    call,
    selfUriOf,
    retryMs: queue.crmRetryMs,
    parkAfter: queue.crmParkAfter,
    tracing,
    now,
    random,
    log
  })
  const readers = createWaitingReaders(async () => (await placeEvents(database)).last)
  const push = { database, secrets, outbound, readers, userAgent: userAgent(config.selfUri) }
  const pusher = createPusher({ ...push, host, now, random, log })
  return {
    translate: own,
    /** Texts of the console's pages in a language, where there is a catalogue of it. */
    pageTexts: (language: string) => (Object.hasOwn(texts, language) ? (texts[language]?.console ?? {}) : undefined),
    ...{ outbound, tracing, readers, pusher, root, traffic, meter, metrics, pools },
    /** Stops long work that may go on another time. */
    interrupt: async () => interruption.abort(),
    close: async () => {
      await close()
      await outbound.close()
      await unheed()
    },
    web: {
      database,
      verify,
      registrations,
      settings,
      uploads,
      lend,
      ready,
      defaultLanguage,
      requests: requestQuota({ perSecond: config.quotas.requests, now }),
      posted: requestQuota({ perSecond: config.quotas.messages, now })
    },
    work: {
      ...workOf(config, {
        ...{ database, host, mounted, registrations, ready, send, limitsOf, tell, translate: own },
        ...{ push: pusher.take, interrupted: interruption.signal, now, meter, tracing, log }
      }),
      about: aboutHost(config.roles, now())
    }
  }
}
