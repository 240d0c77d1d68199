import { createHash, randomBytes } from 'node:crypto'
import { and, desc, eq, isNull, ne, type SQL, sql } from 'drizzle-orm'
import type { Database } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/schema.ts'
import type { Reference } from '../protocol/reference.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { resumeArchived } from './archive.ts'
import { createCache, notifyChanged } from './cache.ts'

/** A registration with its secrets opened. Never log one whole. */
export interface Registration extends Reference {
  id: number
  channel: string
  /** Of the cluster whose tokens open it. */
  origin: string
  clusterUri: string
  hpt: string
  webhookToken: string
  retryUnknown: boolean
}

export interface Handshake extends Reference {
  channel: string
  origin: string
  /** When its token was signed, in seconds; null when it does not say. */
  signedAt: number | null
  clusterUri: string
  country: string
  currency: string
  hpt: string
}

export type Registrations = ReturnType<typeof createRegistrationStore>

export function createRegistrationStore({ db }: Pick<Database, 'db'>, secrets: Secrets) {
  const opened = async (row: typeof registrations.$inferSelect): Promise<Registration> => ({
    id: row.id,
    channel: row.channel,
    companyId: row.companyId,
    alias: row.alias,
    pluginId: row.pluginId,
    origin: row.origin,
    clusterUri: row.clusterUri,
    retryUnknown: row.retryUnknown,
    hpt: await secrets.open(row.hpt),
    webhookToken: await secrets.open(row.webhookToken)
  })

  const one = async (where: SQL | undefined): Promise<Registration | undefined> => {
    const [row] = await db.select().from(registrations).where(where)
    return row && opened(row)
  }
  const owner = (_key: unknown, { id }: Registration) => id
  const byId = createCache((id: number) => one(eq(registrations.id, id)), owner)
  const byHash = createCache((hash: string) => one(eq(registrations.webhookHash, hash)), owner)
  const byReference = createCache((key: string) => {
    const [channel = '', origin = '', companyId = '', alias = '', pluginId = ''] = JSON.parse(key) as string[]
    return one(
      and(
        eq(registrations.channel, channel),
        eq(registrations.origin, origin),
        eq(registrations.companyId, companyId),
        eq(registrations.alias, alias),
        eq(registrations.pluginId, pluginId)
      )
    )
  }, owner)
  const caches = [byId, byHash, byReference]

  return {
    caches,

    /**
     * A verified handshake: the first one registers, a later one of the same cluster replaces what the CRM decides and
     * keeps the webhook's URL. False when it was signed before the last one that was taken, and changes nothing.
     */
    async register({ hpt, ...handshake }: Handshake): Promise<boolean> {
      const token = randomBytes(24).toString('base64url')
      const [sealedHpt, webhookToken] = await Promise.all([secrets.seal(hpt), secrets.seal(token)])
      const { clusterUri, country, currency, signedAt } = handshake
      const taken = await db.transaction(async tx => {
        const [row] = await tx
          .insert(registrations)
          .values({ ...handshake, hpt: sealedHpt, webhookToken, webhookHash: hash(token) })
          .onConflictDoUpdate({
            target: [
              registrations.channel,
              registrations.companyId,
              registrations.alias,
              registrations.pluginId,
              registrations.origin
            ],
            set: {
              clusterUri,
              country,
              currency,
              hpt: sealedHpt,
              registeredAt: sql`now()`,
              archivedAt: null,
              ...(signedAt === null ? {} : { signedAt })
            },
            setWhere: sql`${signedAt}::double precision is null or ${registrations.signedAt} is null or ${registrations.signedAt} <= ${signedAt}::double precision`
          })
          .returning({ id: registrations.id })
        if (!row) return false
        await resumeArchived(tx, row.id)
        await notifyChanged(tx, row.id)
        return true
      })
      // This host need not wait to hear of it.
      for (const one of caches) one.clear()
      return taken
    },

    /** That of the cluster that signed; those of others with the same reference are others. */
    find: (channel: string, origin: string, { companyId, alias, pluginId }: Reference) =>
      byReference.get(JSON.stringify([channel, origin, companyId, alias, pluginId])),
    get: byId.get,

    /** Others of the same company at the same channel, the newest first. */
    async besides({ id, channel, origin, companyId }: Registration): Promise<number[]> {
      const rows = await db
        .select({ id: registrations.id })
        .from(registrations)
        .where(
          and(
            eq(registrations.channel, channel),
            eq(registrations.companyId, companyId),
            eq(registrations.origin, origin),
            ne(registrations.id, id),
            isNull(registrations.archivedAt)
          )
        )
        .orderBy(desc(registrations.registeredAt))
        .limit(MOST_BESIDES)
      return rows.map(row => row.id)
    },

    /** When its CRM last took something; asked only about items that it keeps refusing. */
    async toldAt(id: number): Promise<Date | null> {
      const [row] = await db
        .select({ toldAt: registrations.toldAt })
        .from(registrations)
        .where(eq(registrations.id, id))
      return row?.toldAt ?? null
    },

    /** Found by a hash, so that no comparison tells how much of a guess was right. */
    byWebhookToken: async (channel: string, token: string) => {
      const found = await byHash.get(hash(token))
      return found?.channel === channel ? found : undefined
    }
  }
}

/** Of a company at one channel: each of them is looked at when a call is about another account. */
const MOST_BESIDES = 100

const hash = (token: string) => createHash('sha256').update(token).digest('hex')
