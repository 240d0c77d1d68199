import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Command } from 'commander'
import t from 'tap'
import { commandLine } from '../../src/cli/program.ts'
import { testEnvironment, testFolder } from '../harness.ts'
import { cli } from './run.ts'

const STACK = /\n\s+at |file:\/\/|\.ts:\d/
const commands = leaves(commandLine(), [])

t.test('every command has --help and --json', async t => {
  for (const name of [
    'db migrate',
    'queue run',
    'uploads clean',
    'lang add',
    'registrations set',
    'outbox show',
    'erase'
  ])
    t.ok(commands.map(({ words }) => words.join(' ')).includes(name), name)
  for (const { words, command } of commands) {
    const help = command.helpInformation()
    t.match(help, `Usage: npm run cli -- ${words.join(' ')}`)
    t.match(help, '--json')
  }
  const { code, stdout, stderr } = await cli(t, ['messages', 'replay', '--help'])
  t.same([code, stderr], [0, ''])
  t.match(stdout, /^Usage: npm run cli -- messages replay \[options\] \[ids...\]\n/)
})

t.test('the list of commands is shown to who asks for help or for nothing', async t => {
  t.match(await cli(t, ['--help']), { code: 0, stdout: /queue .*\n.*uploads/, stderr: '' })
  t.match(await cli(t, []), { code: 1, stdout: '', stderr: /queue .*\n.*uploads/ })
  t.match(await cli(t, ['db']), { code: 1, stdout: '', stderr: /migrate .*\n[\s\S]*clean/ })
})

t.test('a wrong use is refused in words, and nothing is done', async t => {
  const wrong: [string[], RegExp][] = [
    [['dv', 'migrate'], /unknown command 'dv'[\s\S]*Did you mean db/],
    [['db', 'clean', '--older'], /unknown option '--older'/],
    [['db', 'clean', '--older-than', '30'], /'30' is invalid.* with a unit, such as 30d/],
    [['db', 'clean', '--older-than', '-1d'], /is invalid/],
    [['db', 'clean', '--older-than', '40000d'], /more than a hundred years/],
    [['uploads', 'clean', 'all'], /too many arguments/],
    [['lang', 'add'], /missing required argument 'language'/],
    [['messages', 'list', '--limit', '0'], /'0' is invalid.* from 1 to 10000/],
    [['messages', 'replay', '--all', '--state', 'accepted'], /Allowed choices are failed/],
    [['outbox', 'show', '-1'], /'-1' is invalid.* a whole number/],
    [['registrations', 'set', '1', '--retry-unknown', 'maybe'], /Allowed choices are yes, no/],
    [['erase', '--registration', '1'], /required option '--contact <contact>' not specified/]
  ]
  for (const [args, said] of wrong) {
    const { code, stdout, stderr } = await cli(t, args)
    t.same([code, stdout], [1, ''], args.join(' '))
    t.match(stderr, said)
    t.notMatch(stderr, STACK)
  }
})

t.test('what cannot be done is said in a sentence, with code 1', async t => {
  const folder = await testFolder(t)
  const wrong: [string[], NodeJS.ProcessEnv, RegExp][] = [
    [['db', 'migrate'], { PORT: 'many' }, /^Cannot start.*\n {2}PORT is "many"/],
    [['uploads', 'clean'], { UPLOADS_URL: 'ftp://there' }, /UPLOADS_URL/],
    [
      ['db', 'clean'],
      { DATABASE_URL: 'postgres://127.0.0.1:1/none' },
      /^The database cannot be reached: .*127.0.0.1:1\n$/
    ],
    [['db', 'clean', '--json'], { DATABASE_URL: 'postgres://host.invalid/none' }, /^The database cannot be reached: /],
    [
      ['queue', 'run'],
      { DATABASE_URL: 'postgres://127.0.0.1:1/none' },
      /^The database cannot be reached: .*127.0.0.1:1\n$/
    ],
    [['queue', 'run'], { LV_PLUGIN_CHANNELS: 'pigeon' }, /^The channel "pigeon" is not installed: .*\n$/]
  ]
  for (const [args, env, said] of wrong) {
    const { code, stdout, stderr } = await cli(t, args, { env: { DATA_DIR: folder, ...env } })
    t.same([code, stdout], [1, ''], args.join(' '))
    t.match(stderr, said)
    t.notMatch(stderr, STACK)
  }
})

t.test('the .env of the folder counts', async t => {
  const cwd = await testFolder(t)
  const env = await testEnvironment(t)
  const lines = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  await writeFile(join(cwd, '.env'), lines.join('\n'))
  t.match(await cli(t, ['db', 'clean', '--dry-run'], { cwd }), { code: 0, stdout: /^Would remove 0 messages/ })
})

function leaves(command: Command, words: readonly string[]): { words: readonly string[]; command: Command }[] {
  if (command.commands.length === 0) return [{ words, command }]
  return command.commands.flatMap(inner => leaves(inner, [...words, inner.name()]))
}
