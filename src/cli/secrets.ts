import type { Command } from 'commander'
import { answering } from './answer.ts'

const STEPS = `
To change the key while the hosts run, in this order:
  1. give every host the new key as the second of LV_PLUGIN_SECRET_KEYS, so that all of them can open what it seals
  2. give every host the new key as the first, so that all of them seal with it
  3. run this command with the same LV_PLUGIN_SECRET_KEYS
  4. drop the old key from every host, and keep it with the backups made until then: they need it`

export function secretCommands(program: Command): void {
  const secrets = program.command('secrets').description('secrets at rest')
  secrets
    .command('rotate')
    .description('seal all secrets anew with the first key of LV_PLUGIN_SECRET_KEYS; the hosts may run')
    .addHelpText('after', STEPS)
    .action(answering(async () => (await import('./secrets-rotate.ts')).secretsRotate()))
}
