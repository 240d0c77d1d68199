import type { Command } from 'commander'
import { answering } from './answer.ts'
import { dryRunOption } from './duration.ts'
import { registrationOption } from './row-options.ts'

export function eraseCommand(program: Command): void {
  program
    .command('erase')
    .description('forget a contact: its conversations, their messages, and what the CRM had to be told of it')
    .requiredOption('--contact <contact>', 'written as the CRM and the gateway do')
    .addOption(registrationOption())
    .addOption(dryRunOption('only tell what would be erased'))
    .addHelpText(
      'after',
      `
It asks nothing, and what is erased cannot be brought back. What waited is not sent and not told any more.
Uploads are not tied to contacts and stay: \`uploads clean\` removes them by age.`
    )
    .action(answering(async options => (await import('./erase-contact.ts')).erase(options)))
}
