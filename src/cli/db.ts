import type { Command } from 'commander'
import { answering } from './answer.ts'
import { dryRunOption, olderThanOption } from './duration.ts'

export function databaseCommands(program: Command): void {
  const db = program.command('db').description('the database')
  db.command('migrate')
    .description('bring the tables to this version, as every start of a host does')
    .action(answering(async () => (await import('./db-migrate.ts')).dbMigrate()))
  db.command('clean')
    .description('remove messages that are settled, and what the CRM was told')
    .addOption(olderThanOption('how long ago it ended at least'))
    .addOption(dryRunOption())
    .action(answering(async options => (await import('./db-clean.ts')).dbClean(options)))
}
