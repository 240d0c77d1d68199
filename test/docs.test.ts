import { execFile } from 'node:child_process'
import { existsSync, globSync, readFileSync } from 'node:fs'
import { copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import type { TObject } from 'typebox'
import packageJson from '../package.json' with { type: 'json' }
import pageKitJson from '../page-kit/package.json' with { type: 'json' }
import { Options } from '../plugins/echo/src/options.ts'
import simulatorJson from '../simulator/package.json' with { type: 'json' }
import { commandLine } from '../src/cli/program.ts'
import { Environment } from '../src/config.ts'
import clientTypesJson from './client-types/package.json' with { type: 'json' }

/** Documents are compared with the code, so that neither goes its own way. */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
const DOCUMENTS = ['README.md', 'CONTRIBUTING.md', ...find(['docs/*.md', 'plugins/*/README.md'])]
const README = read('README.md')
/** Its own words, which are no scripts of ours. */
const NPM = ['ci', 'cit', 'install']
const CODE = find(['src/**/*.ts', 'simulator/**/*.{ts,html}', 'plugins/*/src/**/*.ts'])
const EXAMPLE = await writeExample(read('docs/channels.md'))

t.test('every path that a document names is there', async t => {
  const named = DOCUMENTS.flatMap(document => paths(read(document)).map(path => ({ document, path })))
  t.ok(named.length > 40, 'paths are found')
  t.same(
    named.filter(({ path }) => ![ROOT, EXAMPLE].some(cwd => globSync(path, { cwd }).length > 0)),
    []
  )
})

t.test('every link leads somewhere, to the heading where it names one', async t => {
  const links = DOCUMENTS.flatMap(document => linksOf(document))
  t.ok(links.length > 20, 'links are found')
  t.same(
    links.filter(({ path, anchor }) => !existsSync(join(ROOT, path)) || (anchor && !anchors(path).includes(anchor))),
    []
  )
})

t.test('every heading that the code points to is there', async t => {
  const sources = CODE.flatMap(file => sourcesOf(file))
  t.ok(sources.length > 20, 'references are found')
  t.same(
    sources.filter(({ document, heading }) => !headings(document).includes(heading)),
    []
  )
  const plain = CODE.flatMap(file => [...read(file).matchAll(/\b(?:docs\/)?[\w-]+\.md\b/g)].map(([path]) => path))
  t.same(
    plain.filter(path => !existsSync(join(ROOT, path))),
    []
  )
})

t.test('the table of variables is the configuration', async t => {
  const table = rows('Variables', ['variable', 'default', 'meaning'])
  t.same(table, [...variables(Environment), ...variables(Options)])
})

t.test('the table of dependencies is that of package.json, and at its end what only workspaces need', async t => {
  const { dependencies, devDependencies } = packageJson
  const known = { ...dependencies, ...devDependencies }
  const needed = { ...clientTypesJson.devDependencies, ...pageKitJson.dependencies, ...simulatorJson.devDependencies }
  const more = Object.keys(needed).filter(name => !Object.hasOwn(known, name))
  const table = rows('Dependencies', ['package', 'what for'])
  t.same(
    table.map(([name]) => name),
    [...Object.keys(known), ...more]
  )
  t.same(
    table.filter(([, why = '']) => why.length < 10),
    []
  )
})

t.test('log events: the table of them is what the code logs', async t => {
  const logged = CODE.filter(file => file.startsWith('src/')).flatMap(file =>
    [...read(file).matchAll(/\bevent: '([a-z]+\.[a-z_]+)'/g)].map(([, event]) => event)
  )
  const table = [...read('docs/operating.md').matchAll(/^\| `([a-z]+\.[a-z_]+)`/gm)].map(([, event]) => event)
  t.same(table, [...new Set(logged)].sort())
})

t.test('every script that a document runs is there, and every command', async t => {
  const run = DOCUMENTS.flatMap(document =>
    typed(read(document)).map(({ script, command }) => ({ document, script, command }))
  )
  t.ok(run.length > 8, 'commands are found')
  t.same(
    run.filter(({ script }) => !Object.hasOwn(packageJson.scripts, script) && !NPM.includes(script)),
    []
  )
  t.same(
    run.filter(({ command }) => command !== undefined && !commands().includes(command)),
    []
  )
})

t.test('every message that the protocol quotes is one that the code has', async t => {
  const code = CODE.map(read).join('\n')
  const quoted = spans(read('docs/protocol.md')).filter(span => /^[A-Z][a-z]+ [a-z]/.test(span))
  t.ok(quoted.length > 20, 'messages are found')
  t.same(
    quoted.filter(message => !code.includes(message.split(/['*{:…]/)[0] ?? '')),
    []
  )
})

t.test('the table of commands is the command line', async t => {
  const table = rows('Command line', ['command', 'what it does'])
  t.same(table.map(([command = '']) => command.split(' ').slice(0, 2).join(' ')).sort(), commands().sort())
})

t.test('the example of a channel is what the compiler takes', async t => {
  const tsc = join(ROOT, 'node_modules/.bin/tsc')
  // The compiler does not start with what tap loads into every process.
  const run = promisify(execFile)('env', ['-u', 'NODE_OPTIONS', tsc, '-p', EXAMPLE])
  const { stdout, stderr } = await run.catch(error => error)
  t.same({ stdout, stderr }, { stdout: '', stderr: '' })
})

for (const test of globSync('**/*.test.ts', { cwd: EXAMPLE, exclude: ['**/node_modules'] }))
  await import(join(EXAMPLE, test))

function find(patterns: string[]): string[] {
  return globSync(patterns, { cwd: ROOT, exclude: ['**/node_modules'] }).sort()
}

function read(path: string): string {
  return readFileSync(join(ROOT, path), 'utf8')
}

/** Without blocks of code, which show other people's files too. */
function prose(text: string): string {
  return text.replace(/^```[\s\S]*?^```/gm, '')
}

function spans(text: string): string[] {
  return [...prose(text).matchAll(/`([^`\n]+)`/g)].map(([, span = '']) => span)
}

/** Texts in code quotes that begin like a file of ours, or are called like one of the top folder. */
function paths(text: string): string[] {
  return spans(text).filter(span =>
    /^(\.ci|bench|chaos|docs|migrations|plugins|src|test|translations)\/|^[a-z][\w.-]*\.(json|ts|env|md)$/.test(span)
  )
}

/** Commands to be typed: in quotes, or in a block of its own. */
function typed(text: string): { script: string; command: string | undefined }[] {
  const lines = [...spans(text), ...[...text.matchAll(/^```\n([\s\S]*?)^```/gm)].map(([, block = '']) => block)]
  return lines.flatMap(line =>
    [...line.matchAll(/\bnpm (?:run )?([\w:-]+)(?: -- ([a-z]+ [a-z]+))?/g)].map(([, script = '', command]) => ({
      script,
      command
    }))
  )
}

function linksOf(document: string) {
  return [...prose(read(document)).matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter(target => !/^https?:/.test(target))
    .map(target => {
      const [path = '', anchor] = target.split('#')
      return { document, path: path ? posix.join(dirname(document), path) : document, anchor }
    })
}

function headings(document: string): string[] {
  return [...prose(read(document)).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => heading)
}

/** As GitHub makes them. */
function anchors(document: string): string[] {
  return headings(document).map(heading =>
    heading
      .toLowerCase()
      .replace(/[^\w\s-]/g, '')
      .replaceAll(' ', '-')
  )
}

/** `docs/x.md, "One" and "Two"`, also where a docstring breaks the line. */
function sourcesOf(file: string): { file: string; document: string; heading: string }[] {
  const text = read(file).replace(/\s*\n\s*\*?\s*/g, ' ')
  return [...text.matchAll(/(docs\/[\w-]+\.md),((?:(?: and|,)? "[^"]+")+)/g)].flatMap(
    ([, document = '', quoted = '']) =>
      [...quoted.matchAll(/"([^"]+)"/g)].map(([, heading = '']) => ({ file, document, heading }))
  )
}

/** The rows of the README's table below a heading, as texts without their code quotes. */
function rows(heading: string, head: string[]): string[][] {
  const section = README.split(new RegExp(`^## ${heading}$`, 'm'))[1]?.split(/^## /m)[0] ?? ''
  const [titles, ...lines] = section.split('\n').filter(line => /^\|(?! ?---)/.test(line))
  const cells = (line = '') =>
    line
      .slice(1, -1)
      .split('|')
      .map(cell => cell.trim().replace(/^`(.*)`$/, '$1'))
  if (cells(titles).join() !== head.join())
    throw new Error(`The README has no table of ${head.join(', ')} in "${heading}"`)
  return lines.map(line => cells(line)).filter(row => row.join() !== head.join())
}

/** Name, default and meaning of each, a choice with its words. */
function variables({ properties }: TObject): string[][] {
  return Object.entries(properties).map(([name, schema]) => {
    const {
      env = name,
      default: fallback,
      description = '',
      enum: words
    } = schema as Record<string, string> & { enum?: string[] }
    return [env, String(fallback), words ? `${description}: ${words.join(', ')}` : description]
  })
}

function commands(): string[] {
  return commandLine().commands.flatMap(family =>
    family.commands.length === 0
      ? [family.name()]
      : family.commands.map(command => `${family.name()} ${command.name()}`)
  )
}

/** The blocks that have a file's name, as a tree beside ours in which the same packages are found. */
async function writeExample(text: string): Promise<string> {
  await mkdir(join(ROOT, '.tap'), { recursive: true })
  const folder = await mkdtemp(join(ROOT, '.tap/docs-example-'))
  t.teardown(() => rm(folder, { recursive: true }))
  for (const [, path = '', content = ''] of text.matchAll(
    /^`((?:postbox|test)\/[\w./-]+)`\n\n```\w+\n([\s\S]*?)^```/gm
  )) {
    await mkdir(dirname(join(folder, path)), { recursive: true })
    await writeFile(join(folder, path), content)
  }
  await copyFile(join(ROOT, 'plugins/echo/icon.png'), join(folder, 'postbox/icon.png'))
  await writeFile(join(folder, 'test/harness.ts'), `export * from '../../../test/harness.ts'`)
  await mkdir(join(folder, 'node_modules'))
  await symlink('../postbox', join(folder, 'node_modules/channel-postbox'))
  await writeFile(
    join(folder, 'tsconfig.json'),
    JSON.stringify({ extends: '../../tsconfig.json', include: ['postbox', 'test'] })
  )
  return folder
}
