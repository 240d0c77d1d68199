import { and, desc, eq, lt } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { audit } from '../postgres/schema/api.ts'

/** The record of changes: who changed what, when, and of which registration. */

export interface NewEntry {
  actor: string
  action: AuditAction
  registrationId?: number | null | undefined
  details?: Record<string, unknown>
}

export type AuditAction =
  | 'token.created'
  | 'token.revoked'
  | 'console.opened'
  | 'settings.saved'
  | 'channel_webhook.rotated'
  | 'registration.paused'
  | 'registration.resumed'
  | 'conversation.held'
  | 'conversation.released'
  | 'suppressions.added'
  | 'suppressions.lifted'
  | 'messages.cancelled'
  | 'messages.replayed'
  | 'operation.cancelled'
  | 'lot.processed'
  | 'lot.retried'
  | 'lot.cancelled'
  | 'outbox.replayed'
  | 'webhooks.replayed'
  | 'webhook.created'
  | 'webhook.removed'
  | 'webhook.enabled'
  | 'webhook.rewound'
  | 'webhook.secret_replaced'

/** Belongs into the transaction of the change, so that neither is there without the other. */
export const writeAudit = (tx: Executor, { details = {}, ...entry }: NewEntry) =>
  tx.insert(audit).values({ ...entry, details })

/** The newest first; `after`: the id of the last one seen. */
export const listAudit = (
  { db }: Pick<Database, 'db'>,
  { registrationId }: { registrationId?: number | undefined },
  { limit, after }: { limit: number; after?: number | undefined }
) =>
  db
    .select()
    .from(audit)
    .where(
      and(
        registrationId === undefined ? undefined : eq(audit.registrationId, registrationId),
        after === undefined ? undefined : lt(audit.id, after)
      )
    )
    .orderBy(desc(audit.id))
    .limit(limit)
