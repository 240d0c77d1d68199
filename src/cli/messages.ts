import { type Command, Option } from 'commander'
import { answering } from './answer.ts'
import {
  afterOption,
  allOption,
  dryRunOption,
  idOf,
  limitOption,
  moreIds,
  registrationOption,
  sinceOption
} from './options.ts'

const contactOption = () => new Option('--contact <contact>', 'only to this contact, written as the CRM does')

export function messageCommands(program: Command): void {
  const messages = program.command('messages').description('what the CRM wanted sent')
  messages
    .command('list')
    .description('list messages, the newest first')
    .addOption(
      new Option('--state <state>', 'failed: also those that the gateway took and reported an error of').choices([
        'waiting',
        'sending',
        'gathered',
        'accepted',
        'failed'
      ])
    )
    .addOption(registrationOption())
    .addOption(contactOption())
    .addOption(sinceOption())
    .addOption(limitOption())
    .addOption(afterOption())
    .action(answering(async options => (await import('./messages-actions.ts')).messagesList(options)))
  messages
    .command('show')
    .description('show a message with its text and attachments, and all that happened to it')
    .argument('[id]', 'as listed', idOf)
    .option('--crm-id <id>', 'by the id that the CRM gave it')
    .addOption(registrationOption())
    .action(answering(async (id, options) => (await import('./messages-actions.ts')).messagesShow(id, options)))
  messages
    .command('replay')
    .description(
      'send failed messages once more, in the order of their conversations; the CRM hears their statuses anew'
    )
    .argument('[ids...]', 'as listed', moreIds)
    .addOption(new Option('--state <state>', 'with --all').choices(['failed']))
    .addOption(registrationOption())
    .addOption(contactOption())
    .addOption(sinceOption())
    .addOption(allOption())
    .addOption(dryRunOption('only tell how many would be sent'))
    .action(answering(async (ids, options) => (await import('./messages-actions.ts')).messagesReplay(ids, options)))
}
