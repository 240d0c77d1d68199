import { eq } from 'drizzle-orm'
import type { FastifyBaseLogger } from 'fastify'
import { webhookEvent } from '../events/event.ts'
import { writeEvents } from '../events/write.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { HEALTHY, healthAfter } from './back-off.ts'
import { type PushWebhook, saveClaimed } from './claim.ts'
import type { Delivery } from './page-delivery.ts'

/** The outcome of a page of events, written down; and told by an event where its webhook is disabled by it. */

interface Deps {
  database: Pick<Database, 'db'>
  now: () => Date
  random: () => number
  log: Pick<FastifyBaseLogger, 'warn'>
}

/** Answers the webhook as it is then. Undefined: another host has claimed it, or a client has changed it. */
export async function saveOutcome(
  { database: { db }, now, random, log }: Deps,
  webhook: PushWebhook,
  { delivered, failure, last, cursor }: Delivery
): Promise<PushWebhook | undefined> {
  const at = now()
  const { id, registrationId } = webhook
  const before = delivered > 0 ? HEALTHY : webhook
  const health = failure ? healthAfter(before, failure, { at, random: random() }) : delivered > 0 ? HEALTHY : undefined
  const answer = failure ?? last
  const changes = {
    ...cursor(),
    ...health,
    ...(delivered > 0 ? { deliveredAt: at } : {}),
    ...(answer && { attemptedAt: at, answer: answer.status, error: answer.kind === 'failed' ? answer.reason : null })
  }
  if (failure)
    log.warn(
      {
        event: 'webhook_push.failed',
        webhook: id,
        registration: registrationId,
        status: failure.status,
        ...(failure.kind === 'failed' ? { reason: failure.reason } : {}),
        failures: health?.failures
      },
      'event could not be pushed'
    )
  const reason = health?.disabledReason ?? undefined
  if (reason === undefined) return saveClaimed(db, webhook, changes)
  const disabled = await db.transaction(tx => disable(tx, webhook, { ...changes, host: null }, reason))
  if (disabled)
    log.warn(
      { event: 'webhook_push.disabled', webhook: id, registration: registrationId, reason },
      'webhook disabled until a client enables it'
    )
  return disabled
}

/** The registration is locked first: the order of its events rests on it, and a removal of it locks its webhooks after it. */
async function disable(tx: Executor, webhook: PushWebhook, changes: Partial<PushWebhook>, reason: string) {
  const { id, registrationId } = webhook
  if (registrationId !== null)
    await tx
      .select({ id: registrations.id })
      .from(registrations)
      .where(eq(registrations.id, registrationId))
      .for('no key update')
  const disabled = await saveClaimed(tx, webhook, changes)
  if (disabled) await writeEvents(tx, [webhookEvent(registrationId, id, reason)])
  return disabled
}
