import type { Command } from 'commander'
import { answering } from './answer.ts'
import { dryRunOption, olderThanOption, registrationOption } from './options.ts'

/** Commands about the installation as a whole. */

export function databaseCommands(program: Command): void {
  const db = program.command('db').description('the database')
  db.command('migrate')
    .description('bring the tables to this version, as every start of a host does')
    .action(answering(async () => (await import('./maintenance-actions.ts')).dbMigrate()))
  db.command('clean')
    .description('remove settled messages, and delivered outbox items')
    .addOption(olderThanOption('least age since the end'))
    .addOption(dryRunOption())
    .action(answering(async options => (await import('./maintenance-actions.ts')).dbClean(options)))
}

export function doctorCommand(program: Command): void {
  program
    .command('doctor')
    .description('check whether registrations can send: by their settings, and by asking their gateways')
    .addOption(registrationOption())
    .action(answering(async options => (await import('./doctor-examine.ts')).examine(options)))
}

export function eraseCommand(program: Command): void {
  program
    .command('erase')
    .description('erase a contact: its conversations, their messages and outbox items')
    .requiredOption('--contact <contact>', 'written as the CRM and the gateway do')
    .addOption(registrationOption())
    .addOption(dryRunOption('only count what would be erased'))
    .addHelpText(
      'after',
      `
The command does not ask for confirmation, and nothing can be restored. What waited is not sent, and not delivered to the CRM.
Uploads are not tied to contacts and stay: \`uploads clean\` removes them by age.`
    )
    .action(answering(async options => (await import('./maintenance-actions.ts')).erase(options)))
}

export function queueCommands(program: Command): void {
  const queue = program.command('queue').description('messages and outbox items that wait')
  queue
    .command('run')
    .description('work on the queue without listening for requests, until SIGINT or SIGTERM')
    .action(async (_options, command) => (await import('./queue-run.ts')).queueRun(command))
}

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
    .action(answering(async () => (await import('./maintenance-actions.ts')).secretsRotate()))
}

export function uploadCommands(program: Command): void {
  const uploads = program.command('uploads').description('files that the CRM and gateways fetch')
  uploads
    .command('clean')
    .description('remove old files; the messages that link them keep a link to nothing')
    .addOption(olderThanOption('least age since the file was written'))
    .addOption(dryRunOption())
    .action(answering(async options => (await import('./maintenance-actions.ts')).uploadsClean(options)))
}
