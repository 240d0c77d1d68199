import { Type } from 'typebox'
import type { PushWebhook } from '../../webhook-push/claim.ts'
import { COUNTED } from '../../webhook-push/webhooks.ts'
import { Id, isoOf, Nullable, Time } from '../lists.ts'

/** A webhook as clients see it. */

const FIELDS = {
  id: Id,
  url: Type.String(),
  types: Nullable(Type.Array(Type.String(), { description: 'Null: all, those too that are new some day' })),
  registration: Nullable(Id),
  note: Nullable(Type.String()),
  actor: Type.String({ description: 'The client that made it' }),
  createdAt: Time,
  state: Type.Enum(['active', 'failing', 'disabled']),
  position: Type.String({ description: 'All that it wants up to this place in the feed was delivered' }),
  missed: Type.Integer({ description: 'Events that were removed before they were delivered' }),
  failingSince: Nullable(Time),
  failures: Type.Integer({ description: 'Attempts since the last one that was taken' }),
  nextAttemptAt: Nullable(Type.String({ description: 'ISO 8601; null: as soon as there is an event' })),
  lastAttemptAt: Nullable(Time),
  lastStatus: Nullable(Type.Integer({ description: 'Of its answer; null: there was none' })),
  lastError: Nullable(Type.String()),
  lastDeliveredAt: Nullable(Time),
  disabledAt: Nullable(Time),
  disabledReason: Nullable(Type.String())
}

export const Webhook = Type.Object(FIELDS, { title: 'Webhook' })
export const WebhookState = Type.Object(
  {
    ...FIELDS,
    waiting: Type.Integer({ description: `Events that wait, of the next ${COUNTED} of the feed` })
  },
  { title: 'WebhookState' }
)
export const WebhookWithSecret = Type.Object(
  { ...FIELDS, secret: Type.String({ description: 'Shown this once' }) },
  { title: 'WebhookWithSecret' }
)

/** Without its secrets. */
export const shownWebhook = ({
  id,
  url,
  types,
  registrationId,
  note,
  actor,
  position,
  missed,
  failures,
  ...row
}: PushWebhook) => ({
  id,
  url,
  types,
  registration: registrationId,
  note,
  actor,
  createdAt: row.createdAt.toISOString(),
  state: row.disabledAt ? ('disabled' as const) : failures > 0 ? ('failing' as const) : ('active' as const),
  position: String(position),
  missed,
  failingSince: isoOf(row.failingSince),
  failures,
  nextAttemptAt: isoOf(row.dueAt),
  lastAttemptAt: isoOf(row.attemptedAt),
  lastStatus: row.answer,
  lastError: row.error,
  lastDeliveredAt: isoOf(row.deliveredAt),
  disabledAt: isoOf(row.disabledAt),
  disabledReason: row.disabledReason
})
