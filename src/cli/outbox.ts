import { type Command, Option } from 'commander'
import { answering } from './answer.ts'
import { afterOption, allOption, dryRunOption, idOf, limitOption, moreIds, registrationOption } from './options.ts'

export function outboxCommands(program: Command): void {
  const outbox = program.command('outbox').description('outbox items: statuses and incoming messages for the CRM')
  outbox
    .command('list')
    .description('list items, the newest first')
    .addOption(
      new Option('--state <state>', 'parked: given up; stopped: the CRM will never take it').choices([
        'parked',
        'stopped',
        'waiting',
        'delivered'
      ])
    )
    .addOption(registrationOption())
    .addOption(limitOption())
    .addOption(afterOption())
    .action(answering(async options => (await import('./outbox-actions.ts')).outboxList(options)))
  outbox
    .command('show')
    .description('show an item with the body for the CRM')
    .argument('<id>', 'as listed', idOf)
    .action(answering(async (id: number) => (await import('./outbox-actions.ts')).outboxShow(id)))
  outbox
    .command('replay')
    .description('offer items once more that the CRM did not take, but for statuses that later ones have overtaken')
    .argument('[ids...]', 'as listed', moreIds)
    .addOption(new Option('--state <state>', 'with --all').choices(['parked', 'stopped']))
    .addOption(registrationOption())
    .addOption(allOption())
    .addOption(dryRunOption('only tell how many would be offered'))
    .action(answering(async (ids, options) => (await import('./outbox-actions.ts')).outboxReplay(ids, options)))
}
