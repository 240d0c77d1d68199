import { fileURLToPath } from 'node:url'
import { migrate } from 'drizzle-orm/postgres-js/migrator'
import { runMigrations } from 'graphile-worker'
import { openDatabase } from './connect.ts'

/** An arbitrary number, the same in every host: two that start together migrate one after the other. */
const LOCK = 7_205_114

const FOLDER = fileURLToPath(new URL('../../migrations', import.meta.url))

/** Brings our tables and the queue's to this version. */
export async function migrateDatabase(url: string): Promise<void> {
  const { sql, db, close } = openDatabase(url, 1)
  try {
    await sql`select pg_advisory_lock(${LOCK})`
    await migrate(db, { migrationsFolder: FOLDER })
    await runMigrations({ connectionString: url })
  } finally {
    await close()
  }
}
