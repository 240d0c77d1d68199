import { randomUUID } from 'node:crypto'
import { mountAll } from './channels/load.ts'
import { composeHost } from './compose-host.ts'
import type { Config } from './config.ts'
import { openHealthServers } from './http/health-server.ts'
import { createReadiness } from './http/readiness.ts'
import { openServer } from './http/server.ts'
import { createReplay } from './inbound/replay-webhooks.ts'
import { startSweeps } from './messages/sweeps.ts'
import type { Metrics } from './metrics/metrics.ts'
import { openPrepared } from './postgres/open.ts'
import { startHeartbeat } from './queue/heartbeat.ts'
import type { WorkKind } from './queue/locks.ts'
import { startWorker } from './queue/worker.ts'
import { holdKeys } from './secrets/key-holders.ts'
import { serveWeb } from './serve-web.ts'
import type { StartOptions } from './start-options.ts'
import { openTracing } from './tracing/open-telemetry.ts'

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
    const app = await openServer({ ...config, pretty: !logTo && process.stdout.isTTY }, logTo)
    const tracing = await openTracing(config.env, app.log)
    closing.push(tracing.close)
    await tracing.traceRequests(app)
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
    const parts = await composeHost(config, app, mounted, opened, { now, random, tracing })
    const { meter } = parts
    metrics = parts.metrics
    closing.push(await holdKeys(opened.database, { host: randomUUID(), ids: opened.secrets.ids, log: app.log }))
    closing.push(parts.close, parts.traffic.close)

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
      const web = await serveWeb({
        ...{ config, app, mounted, opened, parts, readiness, replayCalls, stored, now },
        metrics: () => metrics
      })
      closing.push(web.close)
      if (!worker) {
        const { host, about } = parts.work
        const heartbeat = await startHeartbeat(database, host, { log, about, judges: false })
        // Without a claim nothing rests on its row, which other hosts remove when it is silent.
        closing.push(() => heartbeat.stop().catch(() => {}))
      }
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
