import { type Command, InvalidArgumentError, Option } from 'commander'
import { answering } from './answer.ts'
import { idOf, registrationOption } from './options.ts'

const ACTIONS = ['message', 'email', 'template', 'all']

export function trialCommands(program: Command): void {
  program
    .command('test-actions')
    .description('send to made-up contacts by BpMessage, against a fake of it unless --live')
    .addOption(new Option('--contacts <number>', 'how many, of each').argParser(contacts).default(3))
    .addOption(new Option('--action <action>', 'what').choices(ACTIONS).default('all'))
    .option('--live', 'really, with the settings of a --registration, to those that --to names')
    .addOption(registrationOption())
    .option('--to <contact...>', 'with --live: phone numbers or e-mail addresses')
    .action(answering(async options => (await import('./trial-actions.ts')).testActionsRun(options)))
  program
    .command('create-test-template')
    .description('add a template to the settings of a registration, to try /template with')
    .addOption(
      new Option('--registration <id>', 'whose, see `registrations list`').argParser(idOf).makeOptionMandatory()
    )
    .option('--code <code>', 'what it is called by', 'test')
    .action(answering(async options => (await import('./trial-actions.ts')).testActionsCreate(options)))
}

function contacts(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || number > 100_000)
    throw new InvalidArgumentError('It is a whole number from 1 to 100000.')
  return number
}
