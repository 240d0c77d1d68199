import { setTimeout as delay } from 'node:timers/promises'
import journal from '../../migrations/meta/_journal.json' with { type: 'json' }
import { readConfig } from '../config.ts'
import { eraseCalls } from '../inbound/erase-webhooks.ts'
import { type Erased, eraseContact } from '../messages/erase.ts'
import { countFinished, type Finished, removeFinished } from '../messages/retention.ts'
import { lacking } from '../secrets/key-holders.ts'
import { rotateSecrets } from '../secrets/rotate.ts'
import { cleanUploads, uploadsRoot } from '../storage/uploads.ts'
import { type CliAnswer, count, progress } from './answer.ts'
import { withDatabase } from './lent-database.ts'
import { type CleanOptions, limitOf } from './options.ts'

export const dbMigrate = (): Promise<CliAnswer> =>
  withDatabase(async ({ database: { pool } }) => {
    // The migrations have run when the database is open.
    const { rows: applied } = await pool.query<{ at: string }>(
      'select created_at as at from drizzle.__drizzle_migrations order by at'
    )
    const newest = journal.entries.find(({ when }) => when === Number(applied.at(-1)?.at))?.tag ?? null
    return {
      data: { migrations: applied.length, newest },
      text: `The database is up to date: ${count(applied.length, 'migration')}, the newest is ${newest ?? 'of a newer host'}.`
    }
  })

export const dbClean = ({ olderThan, dryRun = false }: CleanOptions): Promise<CliAnswer> =>
  withDatabase(async ({ database }, interrupted) => {
    const before = limitOf(olderThan)
    const counts = dryRun
      ? await countFinished(database, before)
      : await removeFinished(database, before, {
          interrupted,
          removed: counts => progress(`removed ${finishedCounts(counts)}`)
        })
    progress('')
    const { conversations } = counts
    const emptied =
      conversations > 0 ? ` With them ${dryRun ? 'would go' : 'went'} ${count(conversations, 'conversation')}.` : ''
    return {
      data: { before, dryRun, ...counts },
      text: `${dryRun ? 'Would remove' : 'Removed'} ${finishedCounts(counts)}, finished before ${before.toISOString()}.${emptied}`
    }
  })

const finishedCounts = ({ messages, outbox, webhooks, events }: Finished) =>
  `${count(messages, 'message')}${webhooks > 0 ? `, ${count(webhooks, 'call')} of gateways` : ''}${events > 0 ? `, ${count(events, 'event')}` : ''} and ${count(outbox, 'item')} of the outbox`

interface EraseOptions {
  contact: string
  registration?: number
  dryRun?: boolean
}

export const erase = ({ contact, registration: registrationId, dryRun = false }: EraseOptions): Promise<CliAnswer> =>
  withDatabase(async ({ database, secrets: keys }, interrupted) => {
    const how = { registrationId, onlyCount: dryRun }
    const webhooks = await eraseCalls({ database, keys }, contact, { ...how, interrupted })
    const erased = await eraseContact(database, contact, { ...how, secrets: keys })
    const calls = webhooks > 0 ? `, and ${count(webhooks, 'call')} of gateways that name it` : ''
    return {
      data: { dryRun, contact, ...erased, webhooks },
      text: `${dryRun ? 'Would erase' : 'Erased'} ${erasedCounts(erased)}${calls}.
Uploads are not tied to contacts and stay; \`uploads clean\` removes them by age.`
    }
  })

const erasedCounts = ({ conversations, messages, unsent, items, untold }: Erased) =>
  `${count(conversations, 'conversation')} with ${count(messages, 'message')} (${unsent} not sent yet) and ${count(items, 'item')} for the CRM (${untold} not delivered yet)`

/** The hosts have so long to be started again with the new key. */
const HOSTS_GIVE_UP_MS = 60_000
const HOSTS_POLL_MS = 1_000

/** Waits for the hosts to have the key: a host without it could open nothing that is sealed with it. */
async function everyHostHas(key: string, lacking: () => Promise<number>, interrupted: AbortSignal): Promise<void> {
  const end = performance.now() + HOSTS_GIVE_UP_MS
  for (let hosts = await lacking(); hosts > 0; hosts = await lacking()) {
    interrupted.throwIfAborted()
    if (performance.now() > end)
      throw new Error(
        `${count(hosts, 'running host')} did not get the key "${key}": give it to every host by LV_PLUGIN_SECRET_KEYS, behind the old one, start them again, and call this once more. Nothing was sealed anew.`
      )
    progress(`waiting for ${count(hosts, 'host')} to be started with the key "${key}"`)
    await delay(HOSTS_POLL_MS)
  }
}

export const secretsRotate = (): Promise<CliAnswer> =>
  withDatabase(async ({ database, secrets }, interrupted) => {
    await everyHostHas(secrets.newest, () => lacking(database, secrets.newest), interrupted)
    const registrations = await rotateSecrets(database, secrets, done => {
      interrupted.throwIfAborted()
      progress(`sealed ${count(done, 'registration')}`)
    })
    progress('')
    return {
      data: { key: secrets.newest, registrations },
      text: `Sealed the secrets of ${count(registrations, 'registration')} anew; all are sealed with the key "${secrets.newest}" now.
If every host has it as the first of LV_PLUGIN_SECRET_KEYS, drop the older keys there; backups made until now still need them.`
    }
  })

export async function uploadsClean({ olderThan, dryRun = false }: CleanOptions): Promise<CliAnswer> {
  const { uploadsUrl, dataDir } = readConfig(process.env)
  const before = limitOf(olderThan)
  const files = await cleanUploads(uploadsRoot(uploadsUrl, dataDir), before, dryRun)
  const total = `${dryRun ? 'Would remove' : 'Removed'} ${count(files.length, 'file')}, written before ${before.toISOString()}.`
  return { data: { before, dryRun, files }, text: [...files, total].join('\n') }
}
