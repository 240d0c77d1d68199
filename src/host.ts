import { randomUUID } from 'node:crypto'
import type { Translate } from 'channel-kit/tools'
import type { FastifyInstance } from 'fastify'
import { apiPlugin } from './api/api.ts'
import { HOST_TRANSLATIONS, loadCatalogues } from './channels/catalogues.ts'
import { loadChannels, type Mounted, mountChannel } from './channels/load.ts'
import { createNotesStore } from './channels/notes.ts'
import { createPoll, pollCrons } from './channels/poll.ts'
import { createAccountLimits, createRuntime } from './channels/runtime.ts'
import { createTools } from './channels/tools.ts'
import type { Config } from './config.ts'
import { createObey } from './contacts/obey.ts'
import { createCrmClient } from './crm/client.ts'
import { createKeyStore } from './crm/keys.ts'
import { createVerifier } from './crm/verify-token.ts'
import { createSender } from './delivery/send-attempt.ts'
import { setMessageAside } from './delivery/set-aside.ts'
import { messageSource } from './delivery/source.ts'
import { placeEvents } from './events/feed.ts'
import { eventCrons } from './events/retention.ts'
import { createWaitingReaders } from './events/waiting-readers.ts'
import { channelPlugin } from './http/channel.ts'
import { healthRoutes } from './http/public-routes.ts'
import { requestQuota } from './http/request-quota.ts'
import { openServer } from './http/server.ts'
import { openOutbound } from './http-client/address-policy.ts'
import { storing } from './inbound/ingest.ts'
import { createKeeper } from './inbound/keep-webhooks.ts'
import { lateTask, mediaTask } from './inbound/media.ts'
import { createRecall } from './inbound/recall.ts'
import { webhookCrons } from './inbound/received-webhooks.ts'
import { createReplay } from './inbound/replay-webhooks.ts'
import { scheduledTask } from './inbound/scheduled-events.ts'
import { unmatchedTask } from './inbound/unmatched-statuses.ts'
import { createWebhookDays } from './inbound/webhook-days.ts'
import { createIngest } from './inbound/webhook-ingest.ts'
import { lotCrons } from './lots/clean.ts'
import { lotSource } from './lots/source.ts'
import { lotTask } from './lots/task.ts'
import { createAccept } from './messages/accept.ts'
import { createAcceptItems } from './messages/accept-items.ts'
import { operationCrons } from './messages/replay-operations.ts'
import { replayTask } from './messages/replay-task.ts'
import { messageCrons } from './messages/retention.ts'
import { startSweeps } from './messages/sweeps.ts'
import { createDelivery } from './outbox/deliver.ts'
import { outboxSource, setItemAside } from './outbox/source.ts'
import { type Opened, openPrepared } from './postgres/open.ts'
import { translate } from './protocol/language.ts'
import { userAgent } from './protocol/special-request.ts'
import type { WorkKind } from './queue/conversations.ts'
import { startHeartbeat } from './queue/heartbeat.ts'
import { aboutHost } from './queue/own-load.ts'
import { settlingItemByItem } from './queue/turn-item-by-item.ts'
import { createWorkNotifier } from './queue/work-notify.ts'
import { startWorker } from './queue/worker.ts'
import { listenForChanges } from './registrations/cache.ts'
import { createSettingsStore } from './registrations/settings.ts'
import { createRegistrationStore } from './registrations/store.ts'
import { holdKeys } from './secrets/key-holders.ts'
import type { StartOptions } from './start-options.ts'
import { uploadQuota } from './storage/quota.ts'
import { openSpool } from './storage/spool.ts'
import { openUploads, uploadsRoot } from './storage/uploads.ts'
import { countingAccept, countingIngest, countingItems, countingSource } from './traffic/count-edges.ts'
import { countTraffic, trafficCrons } from './traffic/count-traffic.ts'
import { createPusher } from './webhook-push/pusher.ts'

/** Starts what the roles of the configuration say. `close` ends it in order: listener, jobs in hand, pools, embedded server. */
export async function startHost(
  config: Config,
  { channels, now = () => new Date(), random = Math.random, share = false, signal, waits, logTo }: StartOptions = {}
) {
  const closing: (() => Promise<unknown>)[] = []
  const close = async () => {
    const errors: unknown[] = []
    for (const part of closing.splice(0).reverse()) await part().catch(error => errors.push(error))
    if (errors.length > 0) throw errors[0]
  }

  try {
    const app = await openServer(config, logTo)
    const mounted = await mountAll(config, channels)
    const opened = await openPrepared(config, {
      share,
      signal,
      waits: waits ?? (text => app.log.warn({ event: 'host.waiting' }, text))
    })
    closing.push(opened.close)
    signal?.throwIfAborted()
    const parts = await compose(config, app, mounted, opened, { now, random })
    closing.push(await holdKeys(opened.database, { host: randomUUID(), ids: opened.secrets.ids, log: app.log }))
    closing.push(parts.close, parts.traffic.close)

    const worker = config.roles.worker ? await startWorker(parts.work) : undefined
    // Webhooks are given to other hosts when this one takes no jobs any more.
    const { release, stop } = parts.pusher
    if (worker) closing.push(release, worker.close, stop, parts.interrupt, startSweeps({ ...parts.work, now }).stop)
    const { database, secrets: keys } = opened
    const { ready, settings } = parts.web
    const { readers, traffic } = parts
    const { log } = app
    const stored = (work: WorkKind) => (count: number) => {
      worker?.nudge(work)
      if (work === 'tell') readers.nudge()
      parts.work.notifyWork(work, count)
    }
    const replayCalls = createReplay({ database, keys, ready, now, stored: stored('tell'), log })
    if (config.roles.web) {
      const base = new URL(config.selfUri).pathname
      const { consoleToken, quotas } = config
      const accept = countingAccept(createAccept(database, now, stored('send')), traffic)
      const obey = createObey({ database, translate: parts.translate, now, told: stored('tell') })
      const report = countingIngest(createIngest({ database, now, stored: stored('tell'), log }), traffic)
      const days = createWebhookDays({ database, perDay: quotas.webhooks, now, log })
      closing.push(days.close)
      if (!worker) {
        const { host, about } = parts.work
        closing.push((await startHeartbeat(database, host, { log, about, judges: false })).stop)
      }
      const keep = createKeeper({ enabled: config.webhooksMs > 0, keys, days })
      healthRoutes(app, { database, workerProblem: () => worker?.problem() })
      for (const one of mounted)
        await app.register(channelPlugin(one, { ...parts.web, accept, obey, report, keep, refused: days.refuse }), {
          prefix: prefixOf(base, one)
        })
      const api = apiPlugin({
        database,
        ready,
        now,
        consoleToken,
        perSecond: quotas.api,
        keys,
        outbound: parts.outbound,
        replayCalls,
        readers,
        told: stored('tell'),
        registrations: parts.web.registrations,
        settings,
        lend: parts.web.lend,
        defaultLanguage: config.defaultLanguage,
        mountedBy: name => mounted.find(({ channel }) => channel.name === name),
        mountedNames: mounted.map(({ channel }) => channel.name),
        // Events go with messages of their age.
        eventsMs: Math.min(config.eventsMs, config.retentionMs || config.eventsMs),
        acceptItems: countingItems(createAcceptItems(database, now, stored('send')), traffic)
      })
      await app.register(api, { prefix: `${base.replace(/\/$/, '')}${API_PATH}` })
      closing.push(() => app.close())
      await app.listen(config.listen)
    }
    return { app, mounted, database, ready, settings, replayCalls, close }
  } catch (error) {
    await close()
    throw error
  }
}

const API_PATH = '/api/v1'

const mountAll = (config: Config, given: StartOptions['channels']): Promise<Mounted[]> =>
  given
    ? Promise.all(given.map(({ channel, path }) => mountChannel(channel, path, config.selfUri, config.env)))
    : loadChannels(config)

const prefixOf = (base: string, { path }: Mounted) => `${base.replace(/\/$/, '')}${path}`.replace(/\/$/, '')

/** The one place that knows every part. */
async function compose(
  config: Config,
  app: FastifyInstance,
  mounted: readonly Mounted[],
  { database, secrets }: Opened,
  { now, random }: Required<Pick<StartOptions, 'now' | 'random'>>
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
  const send = createSender({ ready, policy: queue, now })
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
  const traffic = countTraffic({ database, now, log })
  const readers = createWaitingReaders(async () => (await placeEvents(database)).last)
  const push = { database, secrets, outbound, readers, userAgent: userAgent(config.selfUri) }
  const pusher = createPusher({ ...push, host, now, random, log })
  return {
    translate: own,
    outbound,
    readers,
    traffic,
    pusher,
    /** Stops long work that may go on another time. */
    interrupt: async () => interruption.abort(),
    close: async () => {
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
      database,
      host,
      about: aboutHost(config.roles, now()),
      notifyWork: createWorkNotifier(database, host),
      messages: settlingItemByItem(
        lotSource({
          database,
          messageSource: countingSource(messageSource({ database, host, send, limitsOf, now }), traffic),
          ready,
          policy: queue,
          hasLots: async id => mountedBy((await registrations.get(id))?.channel ?? '')?.channel.lots !== undefined,
          now
        }),
        { setAside: setMessageAside({ database, now, log }), log }
      ),
      news: settlingItemByItem(outboxSource({ database, host, tell, now }), {
        setAside: setItemAside({ database, now, log }),
        log
      }),
      tasks: {
        later: scheduledTask({ database, storing: storing({ now, log }), now }),
        early: unmatchedTask({ database, storing: storing({ now, log }), now }),
        poll: createPoll({ database, ready, now, log }),
        media: mediaTask({ database, ready, translate: own, now, interrupted: interruption.signal, log }),
        late: lateTask({ database, translate: own, waitMs: queue.mediaWaitMs, now }),
        lot: lotTask({ database, host, ready, policy: queue, interrupted: interruption.signal, now, log }),
        operation: replayTask({ database, interrupted: interruption.signal, now, log }),
        push: pusher.take
      },
      crons: [
        ...pollCrons(database, mounted),
        ...messageCrons({ database, keepMs: config.retentionMs, now, interrupted: interruption.signal, log }),
        ...eventCrons({ database, keepMs: config.eventsMs, now, interrupted: interruption.signal, log }),
        ...webhookCrons({ database, keepMs: config.webhooksMs, now, interrupted: interruption.signal, log }),
        ...lotCrons({ database, keepMs: config.retentionMs, now, interrupted: interruption.signal, log }),
        ...trafficCrons({ database, now, interrupted: interruption.signal, log }),
        ...operationCrons({ database, now, interrupted: interruption.signal, log })
      ],
      sendLimit: queue.limit,
      graceMs: queue.stopMs,
      log
    }
  }
}
