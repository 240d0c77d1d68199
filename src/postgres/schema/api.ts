import { bigint, index, integer, json, pgTable, text } from 'drizzle-orm/pg-core'
import type { Scope } from '../../api/scopes.ts'
import { id, now, time } from './columns.ts'
import { registrations } from './registrations.ts'

/** Access to the host's API, and the record of what was changed by it. */

export const apiTokens = pgTable('api_tokens', {
  id: id(),
  /** Name of the client; two tokens of one name are the same client. */
  name: text().notNull(),
  /** SHA-256 of the token, in hexadecimal digits. The token itself is stored nowhere. */
  hash: text().notNull().unique(),
  scopes: text().array().$type<Scope[]>().notNull(),
  /** The only registration that the token may touch; null: all. */
  registrationId: bigint({ mode: 'number' }).references(() => registrations.id, { onDelete: 'cascade' }),
  /** Requests a second that a host takes of it; null: as many as of any. */
  perSecond: integer(),
  createdAt: now(),
  expiresAt: time(),
  revokedAt: time()
})

/** Sessions of the operator's console. */
export const consoleSessions = pgTable('console_sessions', {
  /** Keyed hash of the id, which only the browser's cookie has. */
  hash: text().primaryKey(),
  /** The token that opened it, as `api_tokens` has it; null: CONSOLE_TOKEN. */
  tokenHash: text().references(() => apiTokens.hash, { onDelete: 'cascade' }),
  createdAt: now(),
  expiresAt: time().notNull()
})

/** Changes by API clients and by operators. A row outlives the registration and the token that it names. */
export const audit = pgTable(
  'audit',
  {
    id: id(),
    at: now(),
    /** `token 3 (campaigns)`, `console` or `command line`. */
    actor: text().notNull(),
    /** A stable name such as `token.created`. */
    action: text().notNull(),
    registrationId: bigint({ mode: 'number' }),
    details: json().$type<Record<string, unknown>>().notNull()
  },
  t => [index('audit_registration').on(t.registrationId, t.id)]
)

export type OperationState = 'running' | 'done' | 'cancelled' | 'failed'

/** Work that an API client asked for and that goes on in the background. */
export const operations = pgTable(
  'operations',
  {
    id: id(),
    kind: text().$type<'messages.replay'>().notNull(),
    actor: text().notNull(),
    /** The only registration that it touches; null: all. */
    registrationId: bigint({ mode: 'number' }),
    /** The request as it was given. */
    request: json().$type<Record<string, unknown>>().notNull(),
    /** Items a second; null: as fast as they go. */
    perSecond: integer(),
    state: text().$type<OperationState>().notNull().default('running'),
    /** Items at the start. */
    total: integer().notNull(),
    /** Items that were looked at, and those of them that changed. */
    seen: integer().notNull().default(0),
    changed: integer().notNull().default(0),
    /** The id of the last item that was looked at, and of the last one that there was at the start. */
    lastId: bigint({ mode: 'number' }).notNull().default(0),
    endId: bigint({ mode: 'number' }).notNull(),
    error: text(),
    createdAt: now(),
    endedAt: time()
  },
  t => [index('operations_registration').on(t.registrationId, t.id)]
)
