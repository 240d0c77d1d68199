import { Command } from 'commander'
import packageJson from '../../package.json' with { type: 'json' }
import { languageCommands } from './lang.ts'
import { lotCommands } from './lots.ts'
import {
  databaseCommands,
  doctorCommand,
  eraseCommand,
  queueCommands,
  secretCommands,
  uploadCommands
} from './maintenance.ts'
import { messageCommands } from './messages.ts'
import { outboxCommands } from './outbox.ts'
import { registrationCommands } from './registrations.ts'
import { tokenCommands } from './tokens.ts'
import { trialCommands } from './trial.ts'
import { webhookCommands } from './webhooks.ts'

const FAMILIES = [
  registrationCommands,
  messageCommands,
  lotCommands,
  doctorCommand,
  trialCommands,
  outboxCommands,
  webhookCommands,
  eraseCommand,
  databaseCommands,
  secretCommands,
  tokenCommands,
  queueCommands,
  uploadCommands,
  languageCommands
]

/** Every command. A family is a function that adds its own, so that each has `--help` and `--json` from here. */
export function commandLine(): Command {
  const program = new Command('npm run cli --')
    .description(packageJson.description)
    .version(packageJson.version)
    .option('--json', 'print one JSON value instead of text')
    .configureHelp({ showGlobalOptions: true })
    .showHelpAfterError('(--help tells how it is used)')
  for (const add of FAMILIES) add(program)
  return program
}
