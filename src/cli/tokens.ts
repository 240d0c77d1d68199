import { type Command, InvalidArgumentError, Option } from 'commander'
import { SCOPES, type Scope } from '../api/scopes.ts'
import { answering } from './answer.ts'
import { ageOf, idOf, registrationOption } from './options.ts'

const MAX_NAME = 100
/** As many as a host may be set to take of any. */
const MAX_PER_SECOND = 1_000_000

export function tokenCommands(program: Command): void {
  const tokens = program.command('tokens').description('access of other programs to the API')
  tokens
    .command('create')
    .description('make a token; it is shown once, and nobody can show it again')
    .addOption(
      new Option('--scopes <list>', `what it may do: ${SCOPES.join(', ')}, separated by commas`)
        .argParser(scopesOf)
        .makeOptionMandatory()
    )
    .addOption(registrationOption())
    .addOption(
      new Option('--name <name>', 'what the audit calls its client; tokens of one name are one client')
        .argParser(nameOf)
        .default('client')
    )
    .addOption(new Option('--expires <age>', 'how long it is valid, such as 90d; for ever otherwise').argParser(ageOf))
    .addOption(
      new Option(
        '--limit <number>',
        'requests a second that a host takes of it; LV_PLUGIN_QUOTA_API otherwise'
      ).argParser(perSecondOf)
    )
    .action(answering(async options => (await import('./tokens-actions.ts')).tokensCreate(options)))
  tokens
    .command('list')
    .description('list them, without what opens anything')
    .action(answering(async () => (await import('./tokens-actions.ts')).tokensList()))
  tokens
    .command('revoke')
    .description('make a token open nothing any more, in all hosts at once')
    .argument('<id>', 'as listed', idOf)
    .action(answering(async (id: number) => (await import('./tokens-actions.ts')).tokensRevoke(id)))
}

function scopesOf(text: string): readonly Scope[] {
  const words = text.split(/[\s,]+/).filter(Boolean)
  const wrong = words.filter(word => !SCOPES.some(scope => scope === word))
  if (words.length === 0 || wrong.length > 0)
    throw new InvalidArgumentError(`${wrong.join(', ') || 'Nothing'} is no scope; there are ${SCOPES.join(', ')}.`)
  return SCOPES.filter(scope => words.includes(scope))
}

function nameOf(text: string): string {
  const name = text.trim()
  if (name === '' || name.length > MAX_NAME || /\p{Cc}/u.test(name))
    throw new InvalidArgumentError(`It is a text of at most ${MAX_NAME} characters, without control characters.`)
  return name
}

function perSecondOf(text: string): number {
  const number = Number(text)
  if (!/^\d+$/.test(text) || number < 1 || number > MAX_PER_SECOND)
    throw new InvalidArgumentError(`It is a whole number from 1 to ${MAX_PER_SECOND}.`)
  return number
}
