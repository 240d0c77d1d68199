import type { FastifyBaseLogger } from 'fastify'
import type { createCrmClient } from '../crm/client.ts'
import type { Database } from '../postgres/connect.ts'
import { wordsOf } from '../postgres/sanitize-text.ts'
import type { Registrations } from '../registrations/store.ts'
import type { Tracing } from '../tracing/spans.ts'
import type { ClaimedItem, DeliveryDecision, DeliveryResult } from './source.ts'
import { traceCall } from './trace-call.ts'

const FIRST_WAIT_MS = 5_000
const LONGEST_WAIT_MS = 15 * 60_000

interface Deps {
  database: Pick<Database, 'db'>
  registrations: Pick<Registrations, 'get' | 'toldAt'>
  call: ReturnType<typeof createCrmClient>
  /** The audience and address of a channel; undefined when it is not mounted here. */
  selfUriOf: (channel: string) => string | undefined
  /** An item is offered for so long before it is parked. */
  retryMs: number
  /** An item that the CRM refuses while it takes others is parked after so many attempts. */
  parkAfter: number
  tracing: Pick<Tracing, 'enabled' | 'write'>
  now: () => Date
  random: () => number
  log: Pick<FastifyBaseLogger, 'debug' | 'warn' | 'error'>
}

/** An attempt to deliver an outbox item to its CRM. Never rejects: an item whose attempt fails is offered again. */
export const createDelivery =
  (deps: Deps) =>
  async (claimed: ClaimedItem): Promise<DeliveryResult> => {
    const decision = await attempt(deps, claimed).catch((error: unknown) => again(deps, claimed, wordsOf(error)))
    return { claimed, decision }
  }

async function attempt(deps: Deps, claimed: ClaimedItem): Promise<DeliveryDecision> {
  const { database, registrations, selfUriOf, call, tracing, now, log } = deps
  const registration = await registrations.get(claimed.registrationId)
  const selfUri = registration && selfUriOf(registration.channel)
  if (!registration || !selfUri) return again(deps, claimed, 'the channel is not mounted')

  const from = now()
  const answer = await call(registration, selfUri, claimed)
  // A trace that cannot be read costs the item nothing.
  if (tracing.enabled)
    await traceCall(database, tracing, claimed, { from, until: now(), result: answer.kind }).catch(() => {})
  const about = { item: claimed.id, registration: registration.id }
  const crmId = 'id' in claimed.body ? claimed.body.id : undefined
  log.debug({ event: 'outbox.offered', ...about, crmId, result: answer.kind }, 'item offered to the CRM')
  switch (answer.kind) {
    case 'delivered':
      if (answer.warning)
        log.warn({ event: 'outbox.delivered', ...about }, `CRM ${answer.warning}; counts as delivered`)
      return { kind: 'delivered', reason: answer.warning }
    case 'stopped':
      log.warn({ event: 'outbox.stopped', ...about }, `outbox item stopped: ${answer.reason}`)
      return answer
    case 'archived':
      log.warn(
        { event: 'registration.archived', ...about },
        'CRM archived the plugin; its outbox waits until it registers again'
      )
      return answer
    case 'failed':
      return again(deps, claimed, answer.reason)
  }
}

async function again(
  { registrations, retryMs, parkAfter, now, random, log }: Deps,
  claimed: ClaimedItem,
  reason: string
): Promise<DeliveryDecision> {
  const parked = (why: string): DeliveryDecision => {
    log.error({ event: 'outbox.parked', item: claimed.id, reason }, `outbox item parked: ${why}`)
    return { kind: 'parked', reason }
  }
  if (now().getTime() - claimed.offeredSince.getTime() >= retryMs)
    return parked('it was offered for as long as LV_PLUGIN_CRM_RETRY says')
  if (claimed.attempts + 1 >= parkAfter) {
    const toldAt = await registrations.toldAt(claimed.registrationId).catch(() => null)
    // Others went through after this one had begun to fail, and lately.
    if (toldAt && toldAt > claimed.offeredSince && now().getTime() - toldAt.getTime() < LONGEST_WAIT_MS)
      return parked('the CRM takes others of this registration')
  }
  return { kind: 'again', at: new Date(now().getTime() + backoffMs(claimed.attempts, random())), reason }
}

/** Backoff: doubles from 5 s to 15 min, less up to a quarter by chance, so that a CRM that comes back is not met by all items at once. */
export const backoffMs = (failed: number, random: number) =>
  Math.min(FIRST_WAIT_MS * 2 ** Math.min(failed, 20), LONGEST_WAIT_MS) * (1 - random / 4)
