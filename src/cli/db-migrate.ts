import journal from '../../migrations/meta/_journal.json' with { type: 'json' }
import { type CliAnswer, count } from './answer.ts'
import { withDatabase } from './database.ts'

export const dbMigrate = (): Promise<CliAnswer> =>
  withDatabase(async ({ database: { pool } }) => {
    // Opening has migrated it already.
    const { rows: applied } = await pool.query<{ at: string }>(
      'select created_at as at from drizzle.__drizzle_migrations order by at'
    )
    const newest = journal.entries.find(({ when }) => when === Number(applied.at(-1)?.at))?.tag ?? null
    return {
      data: { migrations: applied.length, newest },
      text: `The database is up to date: ${count(applied.length, 'migration')}, the newest is ${newest ?? 'of a newer host'}.`
    }
  })
