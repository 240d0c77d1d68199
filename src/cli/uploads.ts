import type { Command } from 'commander'
import { answering } from './answer.ts'
import { dryRunOption, olderThanOption } from './duration.ts'

export function uploadCommands(program: Command): void {
  const uploads = program.command('uploads').description('files that the CRM and gateways fetch')
  uploads
    .command('clean')
    .description('remove old files; the messages that link them keep a link to nothing')
    .addOption(olderThanOption('how long ago it was written at least'))
    .addOption(dryRunOption())
    .action(answering(async options => (await import('./uploads-clean.ts')).uploadsClean(options)))
}
