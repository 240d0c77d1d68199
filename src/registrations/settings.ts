import { eq, sql } from 'drizzle-orm'
import type { TObject } from 'typebox'
import { changeEvent } from '../events/event.ts'
import { writeEvents } from '../events/write.ts'
import type { Database, Executor } from '../postgres/connect.ts'
import { registrations, settings } from '../postgres/schema/registrations.ts'
import { hostSettingsOf } from '../protocol/host-settings.ts'
import { type Data, mergeData, splitSecrets } from '../protocol/settings.ts'
import { lockRegistrations } from '../queue/locks.ts'
import type { Secrets } from '../secrets/secrets.ts'
import { createCache, notifyChanged } from './cache.ts'
import { endPauseByGateway } from './pause.ts'

export type SettingsStore = ReturnType<typeof createSettingsStore>

/** Saved settings by registration. Secrets are sealed when saved and opened when loaded. */
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

    /** Null: nothing has been saved. */
    async savedAt(registrationId: number): Promise<Date | null> {
      const [row] = await db
        .select({ at: settings.savedAt })
        .from(settings)
        .where(eq(settings.registrationId, registrationId))
      return row?.at ?? null
    },

    /** `also`: further statements of the same transaction. */
    async save(
      registrationId: number,
      schema: TObject,
      data: Data,
      also: (tx: Executor) => Promise<unknown> | undefined = async () => {}
    ): Promise<void> {
      const { open, secret } = splitSecrets(schema, data)
      const row = { data: open, secrets: await secrets.seal(JSON.stringify(secret)) }
      await db.transaction(async tx => {
        // The registration before its settings, as everybody locks them.
        await lockRegistrations(tx, [registrationId], 'no key update')
        await endPauseByGateway(tx, registrationId)
        await tx.update(registrations).set(hostSettingsOf(data)).where(eq(registrations.id, registrationId))
        await tx
          .insert(settings)
          .values({ registrationId, ...row })
          .onConflictDoUpdate({ target: settings.registrationId, set: { ...row, savedAt: sql`now()` } })
        await writeEvents(tx, [changeEvent(registrationId, 'settings')])
        await also(tx)
        await notifyChanged(tx, registrationId)
      })
      saved.forget(registrationId)
    },

    /** Seals fields that are secret now and that an older version saved in the clear. */
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

/** Settings of a registration that has none saved: cached as well, since every message asks. */
const NONE: Data = {}
