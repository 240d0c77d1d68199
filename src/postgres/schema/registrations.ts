import { sql } from 'drizzle-orm'
import {
  bigint,
  boolean,
  doublePrecision,
  index,
  integer,
  json,
  pgTable,
  primaryKey,
  text,
  unique
} from 'drizzle-orm/pg-core'
import type { OptOut } from '../../protocol/host-settings.ts'
import type { Data } from '../../protocol/settings.ts'
import { type Boxed, id, now, time } from './columns.ts'

/** Registrations, and what goes with one. JSON that nobody queries is `json`, not `jsonb`: it keeps what a gateway or a CRM wrote to the letter, escaped NULs included. */

export const owner = () =>
  bigint({ mode: 'number' })
    .notNull()
    .references(() => registrations.id, { onDelete: 'cascade' })

/** Registrations: a plugin instance of a company at a channel. It is the account, and the tenant. */
export const registrations = pgTable(
  'registrations',
  {
    id: id(),
    channel: text().notNull(),
    companyId: text().notNull(),
    alias: text().notNull(),
    pluginId: text().notNull(),
    /** The origin of the cluster that registered, whose tokens alone open it; empty: no token does until an operator moves it. */
    origin: text().notNull().default(''),
    /** The cluster's own name of itself, to the letter. */
    clusterUri: text().notNull(),
    country: text().notNull(),
    currency: text().notNull(),
    /** The secret shared with the CRM, sealed. */
    hpt: text().notNull(),
    /** The token in the webhook's URL: sealed to be shown, hashed to be found. */
    webhookToken: text().notNull(),
    webhookHash: text().notNull().unique(),
    registeredAt: now(),
    /** The time of the last registering token's signature in seconds; null where the token had none. */
    signedAt: doublePrecision(),
    /** The CRM answered 418: no outbox item is delivered until it registers again. */
    archivedAt: time(),
    /** The operator would rather have a message twice than not at all. */
    retryUnknown: boolean().notNull().default(false),
    /** The host's own part of the settings, as transactions read it. Words are null where nobody has saved any: the defaults hold. */
    optOut: json().$type<OptOut>(),
    humanHoldS: integer().notNull().default(43_200),
    /** The key of the hashes that an erasure leaves of suppressed contacts, sealed; null: it has left none. */
    contactKey: text(),
    /** The time of the last delivery to the CRM. */
    toldAt: time(),
    /** The end of the gateway's pause: no message of this account is sent before. */
    pausedUntil: time(),
    /** The end of an operator's pause, in 9999 where none was named; saving settings leaves it. */
    operatorPausedUntil: time(),
    operatorPausedAt: time(),
    operatorPauseReason: text(),
    /** The times of the last accepted message and of the last webhook call; saved every few seconds. */
    sentAt: time(),
    calledAt: time(),
    pollCursor: json().$type<Boxed>(),
    pollLeasedUntil: time(),
    /** The host that has claimed its messages; null: nothing is to be sent now, or a job is on its way to find a host. */
    sendingHost: text(),
    /** The host that has claimed its outbox items; null likewise. */
    tellingHost: text()
  },
  t => [
    unique('registrations_reference').on(t.channel, t.companyId, t.alias, t.pluginId, t.origin),
    index('registrations_sending').on(t.sendingHost).where(sql`sending_host is not null`),
    index('registrations_telling').on(t.tellingHost).where(sql`telling_host is not null`)
  ]
)

export const settings = pgTable('settings', {
  registrationId: owner().primaryKey(),
  data: json().$type<Data>().notNull(),
  /** The secrets among them, sealed as one. */
  secrets: text().notNull(),
  savedAt: now()
})

/** Notes of a channel about an account. */
export const notes = pgTable(
  'notes',
  {
    registrationId: owner(),
    name: text().notNull(),
    value: json().$type<Boxed>().notNull(),
    at: time().notNull()
  },
  t => [primaryKey({ columns: [t.registrationId, t.name] })]
)

/** Files that a registration brought, by their path below the root of the uploads, for its quota. */
export const uploads = pgTable(
  'uploads',
  {
    path: text().primaryKey(),
    registrationId: owner(),
    bytes: bigint({ mode: 'number' }).notNull(),
    createdAt: now()
  },
  t => [index('uploads_registration').on(t.registrationId)]
)
