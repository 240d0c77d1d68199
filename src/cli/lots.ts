import { type Command, InvalidArgumentError, Option } from 'commander'
import { LOT_STATES } from '../lots/lot-state.ts'
import { answering } from './answer.ts'
import { afterOption, dryRunOption, idOf, limitOption, registrationOption } from './options.ts'

const lotOption = () => new Option('--lot-id <id>', 'this lot, see `lots list`').argParser(idOf)

export function lotCommands(program: Command): void {
  const lots = program.command('lots').description('messages that are sent together')
  lots
    .command('list')
    .description('list lots with the states of their messages, the newest first')
    .addOption(new Option('--state <state>', 'only these').choices(LOT_STATES))
    .addOption(registrationOption())
    .addOption(limitOption())
    .addOption(afterOption())
    .action(answering(async options => (await import('./lots-actions.ts')).lotsList(options)))
  lots
    .command('show')
    .description('show a lot, and its messages that were not sent')
    .addOption(lotOption().makeOptionMandatory())
    .action(answering(async options => (await import('./lots-actions.ts')).lotsShow(options)))
  lots
    .command('process')
    .description('work on lots that are due, until they end or have to wait')
    .addOption(lotOption())
    .addOption(registrationOption())
    .option('--force-close', 'lots that still collect as well: they are closed to further messages now')
    .action(answering(async options => (await import('./lots-actions.ts')).lotsRun(options)))
  lots
    .command('retry')
    .description('send messages once more that failed with their lots; of one lot all that failed, whatever the reason')
    .addOption(lotOption())
    .addOption(registrationOption())
    .addOption(
      new Option('--max-retries <number>', 'leave those that were sent once more so often').argParser(number).default(3)
    )
    .addOption(dryRunOption('only count the messages that would be sent'))
    .action(answering(async options => (await import('./lots-actions.ts')).lotsRetry(options)))
  lots
    .command('cancel')
    .description('fail the messages of a lot that have not left; the CRM gets their statuses')
    .addOption(lotOption().makeOptionMandatory())
    .action(answering(async options => (await import('./lots-actions.ts')).lotsCancel(options)))
  lots
    .command('cleanup')
    .description('remove lots that ended long ago; their messages stay')
    .addOption(new Option('--days <number>', 'longer ago than so many days').argParser(number).default(30))
    .addOption(dryRunOption())
    .action(answering(async options => (await import('./lots-actions.ts')).lotsClean(options)))
}

function number(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 36_500) throw new InvalidArgumentError('The number is a whole one up to 36500.')
  return value
}
