import type { Note } from 'channel-kit/tools'
import { and, eq, ne, sql } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { notes } from '../postgres/schema/registrations.ts'
import { createCache, notifyChanged } from '../registrations/cache.ts'

/** Notes of channels about their accounts. */

/** The host's own note of an account: refs of news that the feed was told. Channels never see it. */
export const TOLD_NOTE = 'host: news that were told'

export type NotesStore = ReturnType<typeof createNotesStore>

/** Kept in memory, since every call to a channel is lent them. */
export function createNotesStore({ db }: Pick<Database, 'db'>) {
  const kept = createCache(
    async (registrationId: number): Promise<Readonly<Record<string, Note>>> => {
      const rows = await db
        .select()
        .from(notes)
        .where(and(eq(notes.registrationId, registrationId), ne(notes.name, TOLD_NOTE)))
      return Object.fromEntries(rows.map(({ name, value, at }) => [name, { value: value.value, at }]))
    },
    registrationId => registrationId
  )
  return {
    caches: [kept],
    of: async (registrationId: number) => (await kept.get(registrationId)) ?? {}
  }
}

interface Noted {
  registrationId: number
  name: string
  value: unknown
}

/** The last of each name counts. */
export async function writeNotes(tx: Executor, all: readonly Noted[], at: Date): Promise<void> {
  if (all.length === 0) return
  const last = new Map(all.map(one => [JSON.stringify([one.registrationId, one.name]), one]))
  // In one order, so that nobody waits in a circle.
  const sorted = [...last].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, one]) => one)
  for (const { registrationId, name, value } of sorted)
    if (value === null || value === undefined)
      await tx.execute(sql`delete from ${notes} where registration_id = ${registrationId} and name = ${name}`)
    else
      await tx
        .insert(notes)
        .values({ registrationId, name, value: { value }, at })
        .onConflictDoUpdate({ target: [notes.registrationId, notes.name], set: { value: { value }, at } })
  for (const registrationId of new Set(sorted.map(one => one.registrationId))) await notifyChanged(tx, registrationId)
}
