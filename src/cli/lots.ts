import { type Command, InvalidArgumentError, Option } from 'commander'
import { answering } from './answer.ts'
import { dryRunOption } from './duration.ts'
import { afterOption, idOf, limitOption, registrationOption } from './row-options.ts'

const lotOption = () => new Option('--lot-id <id>', 'this lot, see `lots list`').argParser(idOf)

const STATES = [
  'collecting',
  'sealed',
  'creating',
  'sending',
  'finishing',
  'finished',
  'failed',
  'unknown',
  'cancelled'
]

export function lotCommands(program: Command): void {
  const lots = program.command('lots').description('messages that are sent together')
  lots
    .command('list')
    .description('list lots with how their messages are, the newest first')
    .addOption(new Option('--state <state>', 'only these').choices(STATES))
    .addOption(registrationOption())
    .addOption(limitOption())
    .addOption(afterOption())
    .action(answering(async options => (await import('./lots-list.ts')).lotsList(options)))
  lots
    .command('show')
    .description('show a lot, and those of its messages that did not go')
    .addOption(lotOption().makeOptionMandatory())
    .action(answering(async options => (await import('./lots-show.ts')).lotsShow(options)))
  lots
    .command('process')
    .description('work on lots whose time has come, until they end or have to wait')
    .addOption(lotOption())
    .addOption(registrationOption())
    .option('--force-close', 'those too that still gather: they are closed to further messages now')
    .action(answering(async options => (await import('./lots-process.ts')).lotsRun(options)))
  lots
    .command('retry')
    .description('send messages once more that failed with their lots; of one lot all that failed, whyever')
    .addOption(lotOption())
    .addOption(registrationOption())
    .addOption(
      new Option('--max-retries <number>', 'leave those that were sent once more so often').argParser(number).default(3)
    )
    .addOption(dryRunOption('only tell how many would be sent'))
    .action(answering(async options => (await import('./lots-retry.ts')).lotsRetry(options)))
  lots
    .command('cancel')
    .description('fail what of a lot has not left; the CRM is told so')
    .addOption(lotOption().makeOptionMandatory())
    .action(answering(async options => (await import('./lots-cancel.ts')).lotsCancel(options)))
  lots
    .command('cleanup')
    .description('remove lots that ended long ago; their messages stay')
    .addOption(new Option('--days <number>', 'longer ago than so many days').argParser(number).default(30))
    .addOption(dryRunOption())
    .action(answering(async options => (await import('./lots-cleanup.ts')).lotsClean(options)))
}

function number(text: string): number {
  const value = Number(text)
  if (!/^\d+$/.test(text) || value > 36_500) throw new InvalidArgumentError('It is a whole number up to 36500.')
  return value
}
