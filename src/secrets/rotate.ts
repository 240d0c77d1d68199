import { and, asc, eq, exists, gt, ne, sql } from 'drizzle-orm'
import { decodeProtectedHeader } from 'jose'
import type { Database } from '../postgres/connect.ts'
import { eventWebhooks } from '../postgres/schema/event-webhooks.ts'
import { secretKeys } from '../postgres/schema/keys.ts'
import { registrations, settings } from '../postgres/schema/registrations.ts'
import { receivedWebhooks } from '../postgres/schema/webhooks.ts'
import { notifyChanged } from '../registrations/cache.ts'
import type { OpenedSecrets } from './secrets.ts'

/** Rows that a transaction locks at most, so that the hosts can go on meanwhile. */
const ROTATE_BATCH = 100
/** Calls of gateways whose keys are wrapped anew in one transaction. */
const CALLS_BATCH = 1_000

type Done = (registrations: number) => void

/**
 * Seals every secret with the newest key. The hosts may run: they open with
 * every key that they have. Afterwards the older keys are not needed any more.
 * `done` is told how many registrations are sealed anew so far, and may throw:
 * another run does the rest.
 */
export async function rotateSecrets({ db }: Pick<Database, 'db'>, secrets: OpenedSecrets, done: Done): Promise<number> {
  let total = 0
  let found: number
  // Until nothing is found: a host whose newest key is another one may have saved something meanwhile.
  do {
    const sealed = await sealAll(db, secrets, count => done(total + count))
    total += sealed
    found = sealed + (await sealWebhooks(db, secrets)) + (await wrapAll(db, secrets, () => done(total)))
  } while (found > 0)

  const newest = db.select().from(secretKeys).where(eq(secretKeys.id, secrets.newest))
  await db.delete(secretKeys).where(and(ne(secretKeys.id, secrets.newest), exists(newest)))
  return total
}

async function sealAll(db: Database['db'], secrets: OpenedSecrets, done: Done): Promise<number> {
  let count = 0
  for (let last = 0; ; ) {
    const batch = await sealBatch(db, secrets, last)
    if (batch.last === undefined) return count
    last = batch.last
    count += batch.count
    done(count)
  }
}

const sealBatch = (db: Database['db'], secrets: OpenedSecrets, after: number) =>
  db.transaction(async tx => {
    const anew = async (sealed: string) => secrets.seal(await secrets.open(sealed))

    const batch = await tx
      .select()
      .from(registrations)
      .where(gt(registrations.id, after))
      .orderBy(asc(registrations.id))
      .limit(ROTATE_BATCH)
      .for('no key update')
    let count = 0
    for (const { id, hpt, webhookToken, contactKey } of batch) {
      const [saved] = await tx.select().from(settings).where(eq(settings.registrationId, id)).for('update')
      const known = [hpt, webhookToken, contactKey, saved?.secrets].filter(sealed => typeof sealed === 'string')
      if (!known.some(one => isOld(secrets, one))) continue
      await tx
        .update(registrations)
        .set({
          hpt: await anew(hpt),
          webhookToken: await anew(webhookToken),
          ...(contactKey === null ? {} : { contactKey: await anew(contactKey) })
        })
        .where(eq(registrations.id, id))
      if (saved)
        await tx
          .update(settings)
          .set({ secrets: await anew(saved.secrets) })
          .where(eq(settings.registrationId, id))
      await notifyChanged(tx, id)
      count += 1
    }
    return { count, last: batch.at(-1)?.id }
  })

/** Seals the secrets of clients' webhooks anew, of which there are few. The hosts that push go on: they have both keys. */
const sealWebhooks = (db: Database['db'], secrets: OpenedSecrets): Promise<number> =>
  db.transaction(async tx => {
    const anew = async (sealed: string) => secrets.seal(await secrets.open(sealed))
    const all = await tx.select().from(eventWebhooks).orderBy(asc(eventWebhooks.id)).for('no key update')
    const old = all.filter(({ secret, oldSecret }) => [secret, oldSecret].some(one => one && isOld(secrets, one)))
    for (const { id, secret, oldSecret } of old)
      await tx
        .update(eventWebhooks)
        .set({ secret: await anew(secret), oldSecret: oldSecret && (await anew(oldSecret)) })
        .where(eq(eventWebhooks.id, id))
    return old.length
  })

const isOld = (secrets: OpenedSecrets, sealed: string) => decodeProtectedHeader(sealed).kid !== secrets.newest

/** Wraps the keys of kept webhook calls anew; the bytes themselves stay as they are. */
async function wrapAll(db: Database['db'], secrets: OpenedSecrets, done: () => void): Promise<number> {
  let count = 0
  for (let last = 0; ; ) {
    const rows = await db
      .select({ id: receivedWebhooks.id, keyId: receivedWebhooks.keyId, key: receivedWebhooks.sealedKey })
      .from(receivedWebhooks)
      .where(and(gt(receivedWebhooks.id, last), ne(receivedWebhooks.keyId, secrets.newest)))
      .orderBy(asc(receivedWebhooks.id))
      .limit(CALLS_BATCH)
    const end = rows.at(-1)
    if (!end) return count
    last = end.id
    // A call whose wrapping key is gone is lost, and is removed by the retention.
    const anew = rows.flatMap(({ id, keyId, key }) =>
      keyId !== null && key !== null && secrets.ids.includes(keyId)
        ? [{ id, key: secrets.wrap(secrets.unwrap(keyId, key)).toString('hex') }]
        : []
    )
    await db.execute(sql`
      update ${receivedWebhooks} r set key_id = ${secrets.newest}, sealed_key = decode(given.key, 'hex')
      from json_to_recordset(${JSON.stringify(anew)}::json) as given(id bigint, key text) where r.id = given.id`)
    count += anew.length
    done()
  }
}
