import type { Translate } from 'channel-kit/tools'
import type { FastifyBaseLogger } from 'fastify'
import type { RuntimeOf } from './channels/call-channel.ts'
import type { Mounted } from './channels/load.ts'
import { createPoll, pollCrons } from './channels/poll.ts'
import type { createAccountLimits } from './channels/runtime.ts'
import type { Config } from './config.ts'
import type { createSender } from './delivery/send-attempt.ts'
import { messageSource } from './delivery/source.ts'
import { setMessageAside } from './delivery/unstorable-result.ts'
import { eventCrons } from './events/retention.ts'
import { storing } from './inbound/ingest.ts'
import { lateTask, mediaTask } from './inbound/media.ts'
import { webhookCrons } from './inbound/received-webhooks.ts'
import { scheduledTask } from './inbound/scheduled-events.ts'
import { unmatchedTask } from './inbound/unmatched-statuses.ts'
import { lotCrons } from './lots/clean.ts'
import { lotSource } from './lots/source.ts'
import { lotTask } from './lots/task.ts'
import { operationCrons } from './messages/replay-operations.ts'
import { replayTask } from './messages/replay-task.ts'
import { messageCrons } from './messages/retention.ts'
import type { Meter } from './metrics/meter.ts'
import type { createDelivery } from './outbox/deliver.ts'
import { outboxSource, setItemAside } from './outbox/source.ts'
import type { Database } from './postgres/connect.ts'
import { settlingItemByItem } from './queue/turn-item-by-item.ts'
import { createWorkNotifier } from './queue/work-notify.ts'
import type { WorkerDeps } from './queue/worker.ts'
import type { Registrations } from './registrations/store.ts'
import type { Tracing } from './tracing/spans.ts'
import { trafficCrons } from './traffic/count-traffic.ts'

/** The work of a host on the queue: its sources, jobs and times. */

interface Deps {
  database: Database
  /** The name of this host. */
  host: string
  mounted: readonly Mounted[]
  registrations: Registrations
  ready: RuntimeOf
  send: ReturnType<typeof createSender>
  limitsOf: ReturnType<typeof createAccountLimits>
  tell: ReturnType<typeof createDelivery>
  translate: Translate
  /** Pushes events to webhooks of clients. */
  push: WorkerDeps<never, never, never, never>['tasks']['push']
  /** Long work ends, and may go on another time. */
  interrupted: AbortSignal
  now: () => Date
  meter: Meter
  tracing: Tracing
  log: FastifyBaseLogger
}

export function workOf(
  config: Config,
  {
    database,
    host,
    mounted,
    registrations,
    ready,
    send,
    limitsOf,
    tell,
    translate,
    push,
    interrupted,
    now,
    meter,
    tracing,
    log
  }: Deps
) {
  const { queue } = config
  const steady = { database, now, interrupted, log }
  const storingEvents = storing({ now, log, meter })
  const lotsOf = (name: string) => mounted.find(({ channel }) => channel.name === name)?.channel.lots
  return {
    database,
    host,
    notifyWork: createWorkNotifier(database, host),
    messages: settlingItemByItem(
      lotSource({
        database,
        messageSource: messageSource({ database, host, send, limitsOf, now, meter }),
        ready,
        policy: queue,
        hasLots: async id => lotsOf((await registrations.get(id))?.channel ?? '') !== undefined,
        now,
        meter,
        tracing
      }),
      { setAside: setMessageAside({ database, now, log, meter }), log }
    ),
    news: settlingItemByItem(outboxSource({ database, host, tell, now, meter }), {
      setAside: setItemAside({ database, now, log }),
      log
    }),
    tasks: {
      later: scheduledTask({ database, storing: storingEvents, now }),
      early: unmatchedTask({ database, storing: storingEvents, now }),
      poll: createPoll({ database, ready, now, log, meter }),
      media: mediaTask({ database, ready, translate, now, interrupted, log }),
      late: lateTask({ database, translate, waitMs: queue.mediaWaitMs, now }),
      lot: lotTask({ database, host, ready, policy: queue, interrupted, now, log, meter, tracing }),
      operation: replayTask({ database, interrupted, now, log }),
      push
    },
    crons: [
      ...pollCrons(database, mounted),
      ...messageCrons({ ...steady, keepMs: config.retentionMs }),
      ...eventCrons({ ...steady, keepMs: config.eventsMs }),
      ...webhookCrons({ ...steady, keepMs: config.webhooksMs }),
      ...lotCrons({ ...steady, keepMs: config.retentionMs }),
      ...trafficCrons(steady),
      ...operationCrons(steady)
    ],
    sendLimit: queue.limit,
    graceMs: queue.stopMs,
    meter,
    log
  }
}
