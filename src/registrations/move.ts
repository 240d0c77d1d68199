import { and, eq, ne } from 'drizzle-orm'
import type { Database, Executor } from '../postgres/connect.ts'
import { registrations } from '../postgres/schema/registrations.ts'
import { notifyChanged } from './cache.ts'

/** `taken`: the cluster has a registration of the same reference already, this one. */
export type MovedRegistration =
  | { kind: 'moved'; clusterUri: string }
  | { kind: 'none' }
  | { kind: 'taken'; registrationId: number }

/**
 * Gives a registration to the cluster of this origin, which may be the one that it has. The time of its last signature
 * is forgotten, so that the cluster's next handshake counts whenever it was signed.
 */
export const moveRegistration = (
  { db }: Pick<Database, 'db'>,
  registrationId: number,
  origin: string
): Promise<MovedRegistration> =>
  db.transaction(async tx => {
    const [row] = await tx.select().from(registrations).where(eq(registrations.id, registrationId)).for('update')
    if (!row) return { kind: 'none' }
    const twin = await twinOf(tx, row, origin)
    if (twin) return { kind: 'taken', registrationId: twin.id }

    const path = URL.parse(row.clusterUri)?.pathname ?? '/'
    const clusterUri = row.origin === origin ? row.clusterUri : `${origin}${path}`
    await tx.update(registrations).set({ origin, clusterUri, signedAt: null }).where(eq(registrations.id, row.id))
    await notifyChanged(tx, row.id)
    return { kind: 'moved', clusterUri }
  })

async function twinOf(
  tx: Executor,
  { id, channel, companyId, alias, pluginId }: typeof registrations.$inferSelect,
  origin: string
) {
  const [twin] = await tx
    .select({ id: registrations.id })
    .from(registrations)
    .where(
      and(
        ne(registrations.id, id),
        eq(registrations.channel, channel),
        eq(registrations.companyId, companyId),
        eq(registrations.alias, alias),
        eq(registrations.pluginId, pluginId),
        eq(registrations.origin, origin)
      )
    )
  return twin
}
