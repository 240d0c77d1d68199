import { readConfig } from '../config.ts'
import { cleanUploads, uploadsRoot } from '../storage/uploads.ts'
import { type CliAnswer, count } from './answer.ts'
import { type CleanOptions, limitOf } from './duration.ts'

export async function uploadsClean({ olderThan, dryRun = false }: CleanOptions): Promise<CliAnswer> {
  const { uploadsUrl, dataDir } = readConfig(process.env)
  const before = limitOf(olderThan)
  const files = await cleanUploads(uploadsRoot(uploadsUrl, dataDir), before, dryRun)
  const total = `${dryRun ? 'Would remove' : 'Removed'} ${count(files.length, 'file')}, written before ${before.toISOString()}.`
  return { data: { before, dryRun, files }, text: [...files, total].join('\n') }
}
