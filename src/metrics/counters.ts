import { Counter, Histogram, type Registry } from 'prom-client'
import { amountOf, type channelsOf, createWords } from './labels.ts'
import { type Meter, OUTBOX_RESULTS, OUTCOMES, SETTLED, WEBHOOK_RESULTS } from './meter.ts'

/** Counters and histograms of this process. */

/** Seconds: an accept is milliseconds, a gateway's answer up to its timeout, a wait in the queue anything. */
const ACCEPT_S = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
const GATEWAY_S = [0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]
const WAIT_S = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900, 3_600, 14_400, 86_400]

interface Deps {
  registry: Registry
  /** Names of the channels that are mounted. */
  mounted: readonly string[]
  channels: ReturnType<typeof channelsOf>
}

/** Series of closed lists are there from the start, at zero: a rate over one that only appears with its first event misses that. */
export function createCounters({ registry, mounted, channels }: Deps): Meter {
  const registers = [registry]
  const accepted = new Counter({
    name: 'chat_messages_accepted_total',
    help: 'Messages of CRMs and API clients that were stored for good',
    labelNames: ['channel', 'class'],
    registers
  })
  const acceptSeconds = new Histogram({
    name: 'chat_accept_seconds',
    help: 'Time from a request of a CRM to its 202',
    buckets: ACCEPT_S,
    registers
  })
  const waitSeconds = new Histogram({
    name: 'chat_queue_wait_seconds',
    help: 'Time for which a message was due before a host began with it',
    labelNames: ['channel', 'class'],
    buckets: WAIT_S,
    registers
  })
  const attempts = new Counter({
    name: 'chat_attempts_total',
    help: 'Attempts to send a message, and calls for a lot, by their outcome',
    labelNames: ['channel', 'outcome'],
    registers
  })
  const gatewaySeconds = new Histogram({
    name: 'chat_gateway_seconds',
    help: 'Time that the channel and its gateway took for an attempt or a call for a lot',
    labelNames: ['channel'],
    buckets: GATEWAY_S,
    registers
  })
  const settled = new Counter({
    name: 'chat_messages_settled_total',
    help: 'Messages that ended: accepted by the gateway, or failed',
    labelNames: ['channel', 'state'],
    registers
  })
  const undelivered = new Counter({
    name: 'chat_messages_undelivered_total',
    help: 'Messages that a gateway had taken and reported an error of',
    labelNames: ['channel'],
    registers
  })
  const outbox = new Counter({
    name: 'chat_outbox_total',
    help: 'Offers of outbox items to CRMs, by their result',
    labelNames: ['result'],
    registers
  })
  const webhooks = new Counter({
    name: 'chat_webhooks_total',
    help: 'Calls of gateways, by what became of them',
    labelNames: ['channel', 'result'],
    registers
  })
  const incoming = new Counter({
    name: 'chat_incoming_total',
    help: 'New messages of customers',
    labelNames: ['channel'],
    registers
  })
  const cost = new Counter({
    name: 'chat_cost_total',
    help: 'Prices that gateways told, by currency; units of gateways that tell no amount have the currency none',
    labelNames: ['channel', 'category', 'currency'],
    registers
  })

  for (const result of OUTBOX_RESULTS) outbox.inc({ result }, 0)
  for (const channel of mounted) {
    for (const lane of ['normal', 'bulk']) {
      accepted.inc({ channel, class: lane }, 0)
      waitSeconds.zero({ channel, class: lane })
    }
    for (const outcome of OUTCOMES) attempts.inc({ channel, outcome }, 0)
    for (const state of SETTLED) settled.inc({ channel, state }, 0)
    for (const result of WEBHOOK_RESULTS) webhooks.inc({ channel, result }, 0)
    gatewaySeconds.zero({ channel })
    undelivered.inc({ channel }, 0)
    incoming.inc({ channel }, 0)
  }

  const words = createWords()
  return {
    accepted: (id, lane, messages = 1) =>
      channels.with(id, channel => accepted.inc({ channel, class: lane }, messages)),
    answered: seconds => acceptSeconds.observe(seconds),
    begun: (id, lane, waitedS) =>
      channels.with(id, channel => waitSeconds.observe({ channel, class: lane }, Math.max(0, waitedS))),
    attempted: (id, outcome) => channels.with(id, channel => attempts.inc({ channel, outcome })),
    called: (id, seconds) => channels.with(id, channel => gatewaySeconds.observe({ channel }, seconds)),
    settled: (id, state, messages = 1) => channels.with(id, channel => settled.inc({ channel, state }, messages)),
    undelivered: id => channels.with(id, channel => undelivered.inc({ channel })),
    told: (_, result) => outbox.inc({ result }),
    heard: (from, result) =>
      'channel' in from
        ? webhooks.inc({ channel: channels.bounded(from.channel), result })
        : channels.with(from.registrationId, channel => webhooks.inc({ channel, result })),
    received: id => channels.with(id, channel => incoming.inc({ channel })),
    charged: ({ registrationId, cost: told, before }) =>
      channels.with(registrationId, channel => {
        const { added, currency } = amountOf(told, before)
        const category = words(`${channel} category`, told.category ?? 'none')
        cost.inc({ channel, category, currency: words(`${channel} currency`, currency) }, added)
      })
  }
}
