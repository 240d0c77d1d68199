import { type Command, InvalidArgumentError, Option } from 'commander'
import { createToken, listTokens, revokeToken } from '../api/tokens.ts'
import { SCOPES, type Scope } from '../postgres/schema/api.ts'
import { answering, type CliAnswer, count } from './answer.ts'
import { withDatabase } from './database.ts'
import { ageOf } from './duration.ts'
import { idOf, registrationOption } from './row-options.ts'
import { table } from './table.ts'

const ACTOR = 'command line'
const MAX_NAME = 100

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
    .action(answering(create))
  tokens.command('list').description('list them, without what opens anything').action(answering(list))
  tokens
    .command('revoke')
    .description('make a token open nothing any more, in all hosts at once')
    .argument('<id>', 'as listed', idOf)
    .action(answering(revoke))
}

interface Options {
  scopes: readonly Scope[]
  registration?: number
  name: string
  expires?: number
}

const create = ({ scopes, registration, name, expires }: Options): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const expiresAt = expires === undefined ? undefined : new Date(Date.now() + expires)
    const { id, token } = await createToken(database, { name, scopes, registrationId: registration, expiresAt }, ACTOR)
    return {
      data: { id, token, scopes, registration: registration ?? null, expiresAt: expiresAt?.toISOString() ?? null },
      text: `${token}\nKeep it now: it is shown this once. Use it as \`Authorization: Bearer <token>\`; revoke it by \`tokens revoke ${id}\`.`
    }
  })

const list = (): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    const rows = await listTokens(database)
    const titles = ['id', 'name', 'scopes', 'registration', 'created', 'expires', 'revoked']
    const cells = rows.map(row => [
      row.id,
      row.name,
      row.scopes.join(' '),
      row.registration ?? 'all',
      row.createdAt,
      row.expiresAt,
      row.revokedAt
    ])
    return {
      data: { tokens: rows },
      text:
        rows.length > 0
          ? `${table(titles, cells)}\n${count(rows.length, 'token')}`
          : 'There is no token yet: make one by `tokens create`.'
    }
  })

const revoke = (id: number): Promise<CliAnswer> =>
  withDatabase(async ({ database }) => {
    if (!(await revokeToken(database, id, ACTOR))) throw new Error(`There is no token ${id} that could be revoked.`)
    return { data: { id, revoked: true }, text: `Token ${id} opens nothing any more.` }
  })

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
