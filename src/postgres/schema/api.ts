import { bigint, index, json, pgTable, text } from 'drizzle-orm/pg-core'
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
  createdAt: now(),
  expiresAt: time(),
  revokedAt: time()
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
