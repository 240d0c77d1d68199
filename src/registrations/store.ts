import { createHash, randomBytes } from 'node:crypto'
import { and, desc, eq, isNull, ne, type SQL, sql } from 'drizzle-orm'
import { changeEvent } from '../events/event.ts'
import { writeEvents } from '../events/write.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import type { Reference } from '../protocol/reference.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { resumeArchived } from './archive.ts'
import { createCache, notifyChanged } from './cache.ts'

/** A registration with its secrets opened. Never log one whole. */
export interface Registration extends Reference {
  id: number
  channel: string
  /** The origin of the cluster whose tokens open the registration. */
  origin: string
  clusterUri: string
  hpt: string
  webhookToken: string
  retryUnknown: boolean
  /** The key of hashes of erased contacts; null: there are none. */
  contactKey: string | null
}

export interface Handshake extends Reference {
  channel: string
  origin: string
  /** The time of the token's signature in seconds; null when the token has none. */
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
    webhookToken: await secrets.open(row.webhookToken),
    contactKey: row.contactKey === null ? null : await secrets.open(row.contactKey)
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
    return one(same({ channel, origin, companyId, alias, pluginId }))
  }, owner)
  const caches = [byId, byHash, byReference]

  return {
    caches,

    /**
     * Registers a verified handshake; a later one of the same cluster replaces the CRM's fields and keeps the webhook's
     * URL. False when it was signed before the last one that was taken, and changes nothing.
     */
    async register({ hpt, ...handshake }: Handshake): Promise<boolean> {
      const token = newWebhookToken()
      const [sealedHpt, webhookToken] = await Promise.all([secrets.seal(hpt), secrets.seal(token)])
      const { clusterUri, country, currency, signedAt } = handshake
      const { channel, companyId, alias, pluginId, origin } = handshake
      const registered = await db.transaction(async tx => {
        const [before] = await tx
          .select({ archivedAt: registrations.archivedAt })
          .from(registrations)
          .where(same({ channel, companyId, alias, pluginId, origin }))
          .for('no key update')
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
        await writeEvents(tx, [changeEvent(row.id, before?.archivedAt ? 'unarchived' : 'registered')])
        await resumeArchived(tx, row.id)
        await notifyChanged(tx, row.id)
        return true
      })
      // This host's caches are cleared at once, those of others when they are notified.
      for (const one of caches) one.clear()
      return registered
    },

    /** Gives the webhook another address: the one before ends with the commit. `also`: further statements of the same transaction. */
    async rotateWebhook(id: number, also: (tx: Executor) => Promise<unknown>): Promise<string> {
      const token = newWebhookToken()
      const webhookToken = await secrets.seal(token)
      await db.transaction(async tx => {
        await tx
          .update(registrations)
          .set({ webhookToken, webhookHash: hash(token) })
          .where(eq(registrations.id, id))
        await also(tx)
        await notifyChanged(tx, id)
      })
      for (const one of caches) one.forget(id)
      return token
    },

    /** The registration of the cluster that signed: another cluster's with the same reference is another one. */
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
        .limit(MAX_SIBLINGS)
      return rows.map(row => row.id)
    },

    /** The last successful delivery to the CRM; read only for items that it keeps refusing. */
    async toldAt(id: number): Promise<Date | null> {
      const [row] = await db
        .select({ toldAt: registrations.toldAt })
        .from(registrations)
        .where(eq(registrations.id, id))
      return row?.toldAt ?? null
    },

    /** The registration of a webhook's token, found by the token's hash, so that no comparison leaks how much of a guess was right. */
    byWebhookToken: async (channel: string, token: string) => {
      const found = await byHash.get(hash(token))
      return found?.channel === channel ? found : undefined
    }
  }
}

const same = ({ channel, origin, companyId, alias, pluginId }: Reference & { channel: string; origin: string }) =>
  and(
    eq(registrations.channel, channel),
    eq(registrations.origin, origin),
    eq(registrations.companyId, companyId),
    eq(registrations.alias, alias),
    eq(registrations.pluginId, pluginId)
  )

/** A webhook call about other accounts tries so many registrations of its company at most. */
const MAX_SIBLINGS = 100

const newWebhookToken = () => randomBytes(24).toString('base64url')

const hash = (token: string) => createHash('sha256').update(token).digest('hex')
