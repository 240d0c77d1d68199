import { type Command, Option } from 'commander'
import { answering } from './answer.ts'
import { idOf } from './options.ts'

export function registrationCommands(program: Command): void {
  const registrations = program.command('registrations').description('plugin instances of companies')
  registrations
    .command('list')
    .description('list registrations, with their waiting messages and outbox items')
    .action(answering(async () => (await import('./registrations-actions.ts')).registrationsList()))
  registrations
    .command('set')
    .description('change what applies to a registration, in all hosts at once')
    .argument('<id>', 'as listed', idOf)
    .addOption(
      new Option('--retry-unknown <yes|no>', 'send a message again that may have left already, rather than not at all')
        .choices(['yes', 'no'])
        .makeOptionMandatory()
    )
    .action(
      answering(async (id: number, options) =>
        (await import('./registrations-actions.ts')).registrationsSet(id, options)
      )
    )
  registrations
    .command('move')
    .description('give a registration to another cluster, whose tokens alone open it from then on')
    .argument('<id>', 'as listed', idOf)
    .requiredOption('--to <origin>', 'the cluster, such as https://backend.salesrender.com')
    .action(
      answering(async (id: number, options) =>
        (await import('./registrations-actions.ts')).registrationsMove(id, options)
      )
    )
}
