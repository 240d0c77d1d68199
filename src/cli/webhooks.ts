import { type Command, Option } from 'commander'
import { READ } from '../inbound/call-readings.ts'
import { answering } from './answer.ts'
import {
  afterOption,
  ageOf,
  allOption,
  dryRunOption,
  idOf,
  limitOption,
  moreIds,
  registrationOption
} from './options.ts'

const readOption = () =>
  new Option('--read <how>', 'skipped: of which something became no event; failed: that could not be read').choices([
    ...READ
  ])

const cameSinceOption = () => new Option('--since <age>', 'that came since, such as 2h').argParser(ageOf)

export function webhookCommands(program: Command): void {
  const webhooks = program.command('webhooks').description('calls of gateways as they came, while they are kept')
  webhooks
    .command('list')
    .description('list calls, the newest first, with how they were read')
    .addOption(readOption())
    .addOption(registrationOption())
    .addOption(cameSinceOption())
    .addOption(limitOption())
    .addOption(afterOption())
    .action(answering(async options => (await import('./webhooks-actions.ts')).webhooksList(options)))
  webhooks
    .command('show')
    .description('show a call with its body, which has what customers wrote')
    .argument('<id>', 'as listed', idOf)
    .action(answering(async (id: number) => (await import('./webhooks-actions.ts')).webhooksShow(id)))
  webhooks
    .command('replay')
    .description('read calls once more, by the channels as they are now; what is known already changes nothing')
    .argument('[ids...]', 'as listed', moreIds)
    .addOption(readOption())
    .addOption(registrationOption())
    .addOption(cameSinceOption())
    .addOption(allOption())
    .addOption(dryRunOption('only tell how many would be read'))
    .action(answering(async (ids, options) => (await import('./webhooks-actions.ts')).webhooksReplay(ids, options)))
}
