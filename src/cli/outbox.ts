import { type Command, Option } from 'commander'
import { answering } from './answer.ts'
import { dryRunOption } from './duration.ts'
import { afterOption, allOption, idOf, limitOption, moreIds, registrationOption } from './row-options.ts'

export function outboxCommands(program: Command): void {
  const outbox = program.command('outbox').description('what the CRM is told: statuses, and messages of contacts')
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
    .action(answering(async options => (await import('./outbox-list.ts')).outboxList(options)))
  outbox
    .command('show')
    .description('show an item with all that the CRM is told')
    .argument('<id>', 'as listed', idOf)
    .action(answering(async (id: number) => (await import('./outbox-show.ts')).outboxShow(id)))
  outbox
    .command('replay')
    .description('offer items once more that the CRM did not take, but for statuses that later ones have overtaken')
    .argument('[ids...]', 'as listed', moreIds)
    .addOption(new Option('--state <state>', 'with --all').choices(['parked', 'stopped']))
    .addOption(registrationOption())
    .addOption(allOption())
    .addOption(dryRunOption('only tell how many would be offered'))
    .action(answering(async (ids, options) => (await import('./outbox-replay.ts')).outboxReplay(ids, options)))
}
