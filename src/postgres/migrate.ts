import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { drizzle } from 'drizzle-orm/node-postgres'
import { migrate } from 'drizzle-orm/node-postgres/migrator'
import { runMigrations } from 'graphile-worker'
import { Client, type Pool } from 'pg'
import { APPLICATION, openPool } from './connect.ts'
import { CONNECT_MS, KEEP_ALIVE, watchSilence } from './silence.ts'

/** An arbitrary number, the same in every host: two that start together migrate one after the other. */
const LOCK = 7_205_114

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url))

/**
 * Brings our tables and the queue's to this version. Migrations only add, so
 * hosts of the version before go on while newer ones start beside them; none
 * starts on a database that a newer version has migrated. `signal` ends it, also
 * while it waits for another one.
 */
export async function migrateDatabase(url: string, signal?: AbortSignal): Promise<void> {
  // The same connection throughout, since the lock is its own.
  const client = new Client({
    connectionString: url,
    application_name: APPLICATION,
    connectionTimeoutMillis: CONNECT_MS,
    ...KEEP_ALIVE
  })
  client.on('error', () => {})
  await client.connect()
  const interrupt = () => void client.end()
  signal?.addEventListener('abort', interrupt, { once: true })
  try {
    signal?.throwIfAborted()
    await watchSilence(client, { url, patient: true })
    await client.query('select pg_advisory_lock($1)', [LOCK])
    await refuseNewer(client)
    await migrate(drizzle(client), { migrationsFolder: FOLDER })
    await migrateQueue(url)
  } finally {
    signal?.removeEventListener('abort', interrupt)
    await client.end()
  }
}

/** In a pool of ours: the library lets go of its own before that has ended, and a server that goes meanwhile would end the process. */
async function migrateQueue(url: string): Promise<void> {
  const pool = openPool(url, APPLICATION, 1, { patient: true })
  try {
    await runMigrations({ pgPool: pool })
  } finally {
    await pool.end()
  }
}

/** The times of this version's migrations, by which the database knows them. */
let times: readonly number[] | undefined

/** True if the database lacks a migration of this version, as one that was restored from an older backup does. */
export async function hasMissingMigrations(pool: Pick<Pool, 'query'>): Promise<boolean> {
  times ??= readMigrationFiles({ migrationsFolder: FOLDER }).map(({ folderMillis }) => folderMillis)
  const { rows } = await pool.query<{ there: number }>(
    'select count(distinct created_at)::int there from drizzle.__drizzle_migrations where created_at = any($1)',
    [times]
  )
  return (rows[0]?.there ?? 0) < times.length
}

/** Throws when a newer version has migrated the database: this one could not know what it must not touch. */
async function refuseNewer(client: Client): Promise<void> {
  const table = await client.query<{ name: string | null }>(
    "select to_regclass('drizzle.__drizzle_migrations')::text as name"
  )
  if (!table.rows[0]?.name) return
  const last = await client.query<{ at: string | null }>(
    'select max(created_at) as at from drizzle.__drizzle_migrations'
  )
  const known = Math.max(...readMigrationFiles({ migrationsFolder: FOLDER }).map(({ folderMillis }) => folderMillis))
  if (Number(last.rows[0]?.at ?? 0) > known)
    throw new Error(
      'The database was migrated by a newer version of this host. Start that version, or restore a backup from before it.'
    )
}
