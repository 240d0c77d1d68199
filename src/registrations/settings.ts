import { and, eq, isNotNull, sql } from 'drizzle-orm'
import type { TObject } from 'typebox'
import { resumeLots } from '../lots/seal.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { registrations, settings } from '../postgres/schema/schema.ts'
import { type Data, mergeData, splitSecrets } from '../protocol/settings.ts'
import { wake } from '../queue/conversations.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { createCache, notifyChanged } from './cache.ts'

export type SettingsStore = ReturnType<typeof createSettingsStore>

/** What an admin saved, by registration. Secrets are sealed on their way in and opened on their way out. */
export function createSettingsStore({ db }: Pick<Database, 'db'>, secrets: Secrets) {
  const saved = createCache(
    async (registrationId: number): Promise<Data> => {
      const [row] = await db.select().from(settings).where(eq(settings.registrationId, registrationId))
      return row ? mergeData(row.data, JSON.parse(await secrets.open(row.secrets)) as Data) : NONE
    },
    registrationId => registrationId
  )

  return {
    caches: [saved],

    /** Empty where nothing has been saved. */
    load: async (registrationId: number): Promise<Data> => (await saved.get(registrationId)) ?? NONE,

    async save(registrationId: number, schema: TObject, data: Data): Promise<void> {
      const { open, secret } = splitSecrets(schema, data)
      const row = { data: open, secrets: await secrets.seal(JSON.stringify(secret)) }
      await db.transaction(async tx => {
        // The registration before its settings, as everybody locks them.
        await resume(tx, registrationId)
        await tx
          .insert(settings)
          .values({ registrationId, ...row })
          .onConflictDoUpdate({ target: settings.registrationId, set: { ...row, savedAt: sql`now()` } })
        await notifyChanged(tx, registrationId)
      })
      saved.forget(registrationId)
    },

    /** Seals what an older version kept in the clear of fields that are secret now. */
    async sealOpen(schemaOf: (channel: string) => TObject | undefined): Promise<void> {
      const rows = await db
        .select({ id: settings.registrationId, data: settings.data, channel: registrations.channel })
        .from(settings)
        .innerJoin(registrations, eq(registrations.id, settings.registrationId))
      for (const { id, data, channel } of rows) {
        const schema = schemaOf(channel)
        if (!schema || Object.keys(splitSecrets(schema, data).secret).length === 0) continue
        await db.transaction(async tx => {
          const [row] = await tx.select().from(settings).where(eq(settings.registrationId, id)).for('update')
          if (!row) return
          const sealed = JSON.parse(await secrets.open(row.secrets)) as Data
          const { open, secret } = splitSecrets(schema, mergeData(row.data, sealed))
          await tx
            .update(settings)
            .set({ data: open, secrets: await secrets.seal(JSON.stringify(secret)) })
            .where(eq(settings.registrationId, id))
        })
      }
    }
  }
}

/** Nothing has been saved: that is kept as well, since every message asks. */
const NONE: Data = {}

/** A gateway may have paused the account for what the admin has just mended. */
async function resume(tx: Executor, registrationId: number): Promise<void> {
  const paused = await tx
    .update(registrations)
    .set({ pausedUntil: null })
    .where(and(eq(registrations.id, registrationId), isNotNull(registrations.pausedUntil)))
    .returning({ id: registrations.id })
  await wake(
    tx,
    'send',
    paused.map(({ id }) => id)
  )
  await resumeLots(tx, registrationId)
}
