import { asc, eq, gt, ne } from 'drizzle-orm'
import { announce } from './cache.ts'
import type { Database } from './connect.ts'
import { registrations, secretKeys, settings } from './schema.ts'
import type { OpenedSecrets } from './secrets.ts'

/** Rows sealed anew in one transaction, so that the hosts can go on meanwhile. */
const BATCH = 100

/**
 * Seals every secret with the newest key. The hosts may run: they open with
 * every key that they have. Afterwards the older keys are not needed any more.
 * `done` is told how many registrations are through.
 */
export async function rotateSecrets(
  { db }: Pick<Database, 'db'>,
  secrets: OpenedSecrets,
  done: (registrations: number) => void
): Promise<number> {
  const anew = async (sealed: string) => secrets.seal(await secrets.open(sealed))
  let count = 0
  for (let last = 0; ; ) {
    const rows = await db.transaction(async tx => {
      const batch = await tx
        .select()
        .from(registrations)
        .where(gt(registrations.id, last))
        .orderBy(asc(registrations.id))
        .limit(BATCH)
        .for('no key update')
      for (const { id, hpt, webhookToken } of batch) {
        await tx
          .update(registrations)
          .set({ hpt: await anew(hpt), webhookToken: await anew(webhookToken) })
          .where(eq(registrations.id, id))
        const [saved] = await tx.select().from(settings).where(eq(settings.registrationId, id)).for('update')
        if (saved)
          await tx
            .update(settings)
            .set({ secrets: await anew(saved.secrets) })
            .where(eq(settings.registrationId, id))
        await announce(tx, id)
      }
      return batch
    })
    const end = rows.at(-1)
    if (!end) break
    last = end.id
    count += rows.length
    done(count)
  }
  await db.delete(secretKeys).where(ne(secretKeys.id, secrets.newest))
  return count
}
