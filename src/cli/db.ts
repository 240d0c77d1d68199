import type { Command } from 'commander'
import journal from '../../migrations/meta/_journal.json' with { type: 'json' }
import { type CleanOptions, dryRunOption, limitOf, olderThanOption } from './age.ts'
import { type Answer, answering, count, progress } from './answer.ts'
import { withDatabase } from './database.ts'
import { countFinished, type Finished, removeFinished } from './finished.ts'

export function databaseCommands(program: Command): void {
  const db = program.command('db').description('the database')
  db.command('migrate')
    .description('bring the tables to this version, as every start of a host does')
    .action(answering(migrate))
  db.command('clean')
    .description('remove messages that are settled, and what the CRM was told')
    .addOption(olderThanOption('how long ago it ended at least'))
    .addOption(dryRunOption())
    .action(answering(clean))
}

const migrate = (): Promise<Answer> =>
  withDatabase(async ({ database: { sql } }) => {
    // Opening has migrated it already.
    const applied = await sql<{ at: string }[]>`select created_at at from drizzle.__drizzle_migrations order by at`
    const newest = journal.entries.find(({ when }) => when === Number(applied.at(-1)?.at))?.tag ?? null
    return {
      data: { migrations: applied.length, newest },
      text: `The database is up to date: ${count(applied.length, 'migration')}, the newest is ${newest ?? 'of a newer host'}.`
    }
  })

const clean = ({ olderThan, dryRun = false }: CleanOptions): Promise<Answer> =>
  withDatabase(async ({ database }, interrupted) => {
    const before = limitOf(olderThan)
    const counts = dryRun
      ? await countFinished(database, before)
      : await removeFinished(database, before, { interrupted, removed: counts => progress(`removed ${told(counts)}`) })
    progress('')
    return {
      data: { before, dryRun, ...counts },
      text: `${dryRun ? 'Would remove' : 'Removed'} ${told(counts)}, finished before ${before.toISOString()}.`
    }
  })

const told = ({ messages, outbox }: Finished) =>
  `${count(messages, 'message')} and ${count(outbox, 'item')} of the outbox`
