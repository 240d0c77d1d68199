import type { Command } from 'commander'
import { readConfig } from '../config.ts'
import { openUploads } from '../storage/uploads.ts'
import { type CleanOptions, dryRunOption, limitOf, olderThanOption } from './age.ts'
import { type Answer, answering, count } from './answer.ts'

export function uploadCommands(program: Command): void {
  const uploads = program.command('uploads').description('files that the CRM and gateways fetch')
  uploads
    .command('clean')
    .description('remove old files; the messages that link them keep a link to nothing')
    .addOption(olderThanOption('how long ago it was written at least'))
    .addOption(dryRunOption())
    .action(answering(clean))
}

async function clean({ olderThan, dryRun = false }: CleanOptions): Promise<Answer> {
  const { uploadsUrl, dataDir } = readConfig(process.env)
  const before = limitOf(olderThan)
  const files = await openUploads(uploadsUrl, dataDir).clean(before, { dryRun })
  const total = `${dryRun ? 'Would remove' : 'Removed'} ${count(files.length, 'file')}, written before ${before.toISOString()}.`
  return { data: { before, dryRun, files }, text: [...files, total].join('\n') }
}
