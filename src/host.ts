import { randomUUID } from 'node:crypto'
import type { Channel } from 'channel-kit/channel'
import type { Translate } from 'channel-kit/tools'
import type { FastifyInstance } from 'fastify'
import { apiPlugin } from './api/api.ts'
import { HOST_TRANSLATIONS, loadCatalogues } from './channels/catalogues.ts'
import { type Mounted, mountAll } from './channels/load.ts'
import { createNotesStore } from './channels/notes.ts'
import { createAccountLimits, createRuntime } from './channels/runtime.ts'
import { createTools } from './channels/tools.ts'
import type { Config } from './config.ts'
import { createObey } from './contacts/obey.ts'
import { createCrmClient } from './crm/client.ts'
import { createKeyStore } from './crm/keys.ts'
import { createVerifier } from './crm/verify-token.ts'
import { createSender } from './delivery/send-attempt.ts'
import { placeEvents } from './events/feed.ts'
import { createWaitingReaders } from './events/waiting-readers.ts'
import { channelPlugin } from './http/channel.ts'
import { openHealthServers } from './http/health-server.ts'
import { metricsRoute } from './http/metrics-route.ts'
import { healthRoutes } from './http/public-routes.ts'
import { createReadiness } from './http/readiness.ts'
import { requestQuota } from './http/request-quota.ts'
import { openServer } from './http/server.ts'
import { openOutbound } from './http-client/address-policy.ts'
import { createKeeper } from './inbound/keep-webhooks.ts'
import { createRecall } from './inbound/recall.ts'
import { createReplay } from './inbound/replay-webhooks.ts'
import { createWebhookDays } from './inbound/webhook-days.ts'
import { createIngest } from './inbound/webhook-ingest.ts'
import { createAccept } from './messages/accept.ts'
import { createAcceptItems } from './messages/accept-items.ts'
import { startSweeps } from './messages/sweeps.ts'
import { createMetrics, type Metrics } from './metrics/metrics.ts'
import { createDelivery } from './outbox/deliver.ts'
import { type Opened, openPrepared } from './postgres/open.ts'
import { translate } from './protocol/language.ts'
import { userAgent } from './protocol/special-request.ts'
import type { WorkKind } from './queue/conversations.ts'
import { startWorker } from './queue/worker.ts'
import { listenForChanges } from './registrations/cache.ts'
import { createSettingsStore } from './registrations/settings.ts'
import { createRegistrationStore } from './registrations/store.ts'
import { holdKeys } from './secrets/key-holders.ts'
import { uploadQuota } from './storage/quota.ts'
import { openSpool } from './storage/spool.ts'
import { openUploads, uploadsRoot } from './storage/uploads.ts'
import { createPusher } from './webhook-push/pusher.ts'
import { workOf } from './work.ts'

interface Given {
  /** Channels that are no packages; tests mount theirs so, instead of those of LV_PLUGIN_CHANNELS. */
  channels?: readonly { channel: Channel; path?: string }[]
  now?: () => Date
  random?: () => number
  /** Works beside the host that has the embedded database, instead of being refused. */
  share?: boolean
  /** Ends a start that is under way: what was started is stopped again. */
  signal?: AbortSignal
  /** Is told what a start waits for; the log otherwise. */
  waits?: (text: string) => void
  /** The stream of the log; the standard output otherwise. */
  logTo?: NodeJS.WritableStream
}

/** Starts what the roles of the configuration say. `close` ends it in order: listener, jobs in hand, pools, embedded server. */
export async function startHost(
  config: Config,
  { channels, now = () => new Date(), random = Math.random, share = false, signal, waits, logTo }: Given = {}
) {
  const closing: (() => Promise<unknown>)[] = []
  const close = async () => {
    const errors: unknown[] = []
    for (const part of closing.splice(0).reverse()) await part().catch(error => errors.push(error))
    if (errors.length > 0) throw errors[0]
  }

  try {
    const app = await openServer({ ...config, pretty: !logTo && process.stdout.isTTY }, logTo)
    const readiness = createReadiness()
    let metrics: Metrics | undefined
    const servers = await openHealthServers(config, { readiness, metrics: () => metrics })
    closing.push(servers.close)
    const mounted = await mountAll(config, channels)
    const opened = await openPrepared(config, {
      share,
      signal,
      waits: waits ?? (text => app.log.warn({ event: 'host.waiting' }, text))
    })
    // The successor of a host listens as soon as it has the database.
    closing.push(opened.close, servers.door.close)
    signal?.throwIfAborted()
    const parts = await compose(config, app, mounted, opened, { now, random })
    const { meter } = parts
    metrics = parts.metrics
    closing.push(await holdKeys(opened.database, { host: randomUUID(), ids: opened.secrets.ids, log: app.log }))
    closing.push(parts.close)

    const worker = config.roles.worker ? await startWorker(parts.work) : undefined
    // Webhooks are given to other hosts when this one takes no jobs any more.
    const { release, stop } = parts.pusher
    if (worker) parts.pools.push({ name: 'jobs', pool: worker.pool })
    if (worker) closing.push(release, worker.close, stop, parts.interrupt, startSweeps({ ...parts.work, now }).stop)
    const { database, secrets: keys } = opened
    const { ready, settings } = parts.web
    const { readers } = parts
    const { log } = app
    const stored = (work: WorkKind) => (count: number) => {
      worker?.nudge(work)
      if (work === 'tell') readers.nudge()
      parts.work.notifyWork(work, count)
    }
    const replayCalls = createReplay({ database, keys, ready, now, stored: stored('tell'), log, meter })
    if (config.roles.web) {
      const base = new URL(config.selfUri).pathname
      const { consoleToken, quotas } = config
      const accept = createAccept(database, now, stored('send'), meter)
      const obey = createObey({ database, translate: parts.translate, now, told: stored('tell'), meter })
      const report = createIngest({ database, now, stored: stored('tell'), log, meter })
      const days = createWebhookDays({ database, perDay: quotas.webhooks, now, log })
      closing.push(days.close)
      const keep = createKeeper({ enabled: config.webhooksMs > 0, keys, days })
      healthRoutes(app, readiness)
      if (config.metrics.token) metricsRoute(app, { metrics: () => metrics, token: config.metrics.token })
      for (const one of mounted)
        await app.register(
          channelPlugin(one, { ...parts.web, meter, accept, obey, report, keep, refused: days.refuse }),
          {
            prefix: prefixOf(base, one)
          }
        )
      const api = apiPlugin({
        database,
        ready,
        meter,
        now,
        consoleToken,
        perSecond: quotas.api,
        keys,
        outbound: parts.outbound,
        replayCalls,
        readers,
        told: stored('tell'),
        registrations: parts.web.registrations,
        mountedBy: name => mounted.find(({ channel }) => channel.name === name),
        // Events go with messages of their age.
        eventsMs: Math.min(config.eventsMs, config.retentionMs || config.eventsMs),
        acceptItems: createAcceptItems(database, now, stored('send'), meter)
      })
      await app.register(api, { prefix: `${base.replace(/\/$/, '')}${API_PATH}` })
      closing.push(servers.door.open, () => app.close())
      await servers.door.close()
      await app.listen(config.listen)
    }
    readiness.begin({
      database,
      root: parts.root,
      floor: config.quotas.diskFloor,
      workerProblem: () => worker?.problem()
    })
    closing.push(async () => readiness.end())
    return { app, mounted, database, ready, settings, replayCalls, close }
  } catch (error) {
    await close()
    throw error
  }
}

const API_PATH = '/api/v1'

const prefixOf = (base: string, { path }: Mounted) => `${base.replace(/\/$/, '')}${path}`.replace(/\/$/, '')

/** The one place that knows every part. */
async function compose(
  config: Config,
  app: FastifyInstance,
  mounted: readonly Mounted[],
  { database, secrets }: Opened,
  { now, random }: Required<Pick<Given, 'now' | 'random'>>
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
  const { meter, metrics, close } = createMetrics({
    wanted: port !== undefined || token !== undefined,
    ...{ database, mounted: mounted.map(({ channel }) => channel.name), look: registrations.get, pools }
  })
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
  const send = createSender({ ready, policy: queue, now, meter, log })
  const tell = createDelivery({
    registrations,
    call,
    selfUriOf,
    retryMs: queue.crmRetryMs,
    parkAfter: queue.crmParkAfter,
    now,
    random,
    log
  })
  const readers = createWaitingReaders(async () => (await placeEvents(database)).last)
  const push = { database, secrets, outbound, readers, userAgent: userAgent(config.selfUri) }
  const pusher = createPusher({ ...push, host, now, random, log })
  return {
    translate: own,
    ...{ outbound, readers, pusher, root, meter, metrics, pools },
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
    work: workOf(config, {
      ...{ database, host, mounted, registrations, ready, send, limitsOf, tell, translate: own },
      ...{ push: pusher.take, interrupted: interruption.signal, now, meter, log }
    })
  }
}
