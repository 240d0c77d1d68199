import { fileURLToPath } from 'node:url'
import { readMigrationFiles } from 'drizzle-orm/migrator'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import { runMigrations } from 'graphile-worker'
import { type Database, openDatabase } from './connect.ts'

/** An arbitrary number, the same in every host: two that start together migrate one after the other. */
const LOCK = 7_205_114

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url))

/**
 * Brings our tables and the queue's to this version. Migrations only add, so
 * hosts of the version before go on while newer ones start beside them; none
 * starts on a database that a newer version has migrated.
 */
export async function migrateDatabase(url: string): Promise<void> {
  const { sql, db, close } = openDatabase(url, 1)
  try {
    await sql`select pg_advisory_lock(${LOCK})`
    await refuseNewer(sql)
    await migrate(db, { migrationsFolder: FOLDER })
    await runMigrations({ connectionString: url })
  } finally {
    await close()
  }
}

/** Throws when a newer version has migrated the database: this one could not know what it must not touch. */
async function refuseNewer(sql: Database['sql']): Promise<void> {
  const [table] = await sql<{ name: string | null }[]>`select to_regclass('drizzle.__drizzle_migrations')::text as name`
  if (!table?.name) return
  const [last] = await sql<{ at: string | null }[]>`select max(created_at) as at from drizzle.__drizzle_migrations`
  const known = Math.max(...readMigrationFiles({ migrationsFolder: FOLDER }).map(({ folderMillis }) => folderMillis))
  if (Number(last?.at ?? 0) > known)
    throw new Error(
      'The database was migrated by a newer version of this host. Start that version, or restore a backup from before it.'
    )
}
