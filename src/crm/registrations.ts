import { createHash, randomBytes } from 'node:crypto'
import { and, eq, sql } from 'drizzle-orm'
import type { Database } from '../database/connect.ts'
import { registrations } from '../database/schema.ts'
import type { Secrets } from '../database/secrets.ts'
import type { Reference } from '../protocol/reference.ts'
import { resume } from './telling.ts'

/** A registration with its secrets opened. Never log one whole. */
export interface Registration extends Reference {
  id: number
  channel: string
  clusterUri: string
  hpt: string
  webhookToken: string
  archived: boolean
}

export interface Handshake extends Reference {
  channel: string
  clusterUri: string
  country: string
  currency: string
  hpt: string
}

export type Registrations = ReturnType<typeof registrationStore>

export function registrationStore({ db }: Pick<Database, 'db'>, secrets: Secrets) {
  const opened = async (row: typeof registrations.$inferSelect): Promise<Registration> => ({
    id: row.id,
    channel: row.channel,
    companyId: row.companyId,
    alias: row.alias,
    pluginId: row.pluginId,
    clusterUri: row.clusterUri,
    archived: row.archivedAt !== null,
    hpt: await secrets.open(row.hpt),
    webhookToken: await secrets.open(row.webhookToken)
  })

  return {
    /** A verified handshake: the first one registers, a later one replaces what the CRM decides and keeps the webhook's URL. */
    async register({ hpt, ...handshake }: Handshake): Promise<void> {
      const token = randomBytes(24).toString('base64url')
      const [sealedHpt, webhookToken] = await Promise.all([secrets.seal(hpt), secrets.seal(token)])
      const { clusterUri, country, currency } = handshake
      await db.transaction(async tx => {
        const [row] = await tx
          .insert(registrations)
          .values({ ...handshake, hpt: sealedHpt, webhookToken, webhookHash: hash(token) })
          .onConflictDoUpdate({
            target: [registrations.channel, registrations.companyId, registrations.alias, registrations.pluginId],
            set: { clusterUri, country, currency, hpt: sealedHpt, registeredAt: sql`now()`, archivedAt: null }
          })
          .returning({ id: registrations.id })
        if (row) await resume(tx, row.id)
      })
    },

    async find(channel: string, { companyId, alias, pluginId }: Reference): Promise<Registration | undefined> {
      const [row] = await db
        .select()
        .from(registrations)
        .where(
          and(
            eq(registrations.channel, channel),
            eq(registrations.companyId, companyId),
            eq(registrations.alias, alias),
            eq(registrations.pluginId, pluginId)
          )
        )
      return row && opened(row)
    },

    async get(id: number): Promise<Registration | undefined> {
      const [row] = await db.select().from(registrations).where(eq(registrations.id, id))
      return row && opened(row)
    },

    /** Found by a hash, so that no comparison tells how much of a guess was right. */
    async byWebhookToken(channel: string, token: string): Promise<Registration | undefined> {
      const [row] = await db
        .select()
        .from(registrations)
        .where(and(eq(registrations.channel, channel), eq(registrations.webhookHash, hash(token))))
      return row && opened(row)
    }
  }
}

const hash = (token: string) => createHash('sha256').update(token).digest('hex')
