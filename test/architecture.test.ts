import { readFileSync } from 'node:fs'
import { glob } from 'node:fs/promises'
import { dirname, join, posix } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'

/** The rules of the house, read from the imports of its files. A broken rule names the file and what it imports. */

const ROOT = fileURLToPath(new URL('..', import.meta.url))
/** Most lines of a file: of code, and of tests, which are read one promise at a time. */
const LONGEST = { code: 300, test: 400 }
const CODE = /\.(ts|js|mjs|css|html)$/

interface Import {
  from: string
  /** A file of ours by its path, a package by its specifier. */
  to: string
}

const files = await list('{src,page-kit,plugins,simulator,test,bench,chaos}/**/*')
const code = files.filter(file => /\.(ts|js|mjs)$/.test(file))
/** Without this file's own examples. */
const imports: readonly Import[] = code
  .filter(file => file !== 'test/architecture.test.ts')
  .flatMap(from =>
    specifiers(readFileSync(join(ROOT, from), 'utf8')).map(specifier => ({ from, to: target(from, specifier) }))
  )
/** A bench of a channel starts hosts, as the root's bench does. */
const ofHouse = imports.filter(({ from }) => /^(src|page-kit|simulator|plugins\/(?![^/]+\/bench\/)[^/]+)\//.test(from))

t.test('every form of import is seen, and nothing else', async t => {
  const text = [
    `import a from 'a'`,
    `import type { B } from './b.ts'`,
    `import {\n  c,\n  type C\n} from '../c.ts'`,
    `import * as d from 'd'`,
    `import 'e'`,
    `export { f } from './f.ts'`,
    `export type * from './g.ts'`,
    `const h = await import('./h.ts')`,
    `type I = typeof import('./i.ts')`,
    `/** Take x from 'comment' */`,
    `const text = "import j from 'j'"`,
    `export const from = 'k'`
  ].join('\n')
  t.same(specifiers(text), ['a', './b.ts', '../c.ts', 'd', 'e', './f.ts', './g.ts', './h.ts', './i.ts'])
  t.ok(imports.length > 300, 'the house is not empty')
  t.same(
    imports.filter(({ to }) => isOurs(to) && !files.includes(to)),
    [],
    'every import of ours is a file'
  )
})

t.test('channel-kit is the ground and imports nothing of ours', async t => {
  none(t, ofHouse, { from: /^plugins\/channel-kit\//, to: isOurs, unless: /^plugins\/channel-kit\// })
})

t.test('the protocol imports the kit at most, and does no input or output', async t => {
  none(t, ofHouse, { from: /^src\/protocol\//, to: isOurs, unless: /^(src\/protocol|plugins\/channel-kit)\// })
  none(t, ofHouse, { from: /^src\/protocol\//, to: to => !isOurs(to), unless: /^(typebox(\/value)?|node:crypto)$/ })
})

t.test('a channel imports nothing of ours but the kit', async t => {
  const channels = new Set(files.flatMap(file => /^plugins\/(?!channel-kit\/)[^/]+\//.exec(file)?.[0] ?? []))
  t.ok(channels.has('plugins/echo/'))
  for (const channel of channels)
    none(t, ofHouse, {
      from: new RegExp(`^${channel}`),
      to: isOurs,
      unless: new RegExp(`^(${channel}|plugins/channel-kit/)`)
    })
})

t.test(
  'http, api, queue, console and cli know nothing of each other, but that the cli makes tokens of the API',
  async t => {
    const sides = ['http', 'api', 'queue', 'console', 'cli']
    for (const side of sides) {
      const others = sides.filter(other => other !== side).join('|')
      none(t, ofHouse, {
        from: new RegExp(`^src/${side}/`),
        to: new RegExp(`^src/(${others})/`),
        unless: /^src\/api\/(tokens|scopes)\.ts$/
      })
    }
  }
)

t.test(
  'only the composition root, in three files, sees more than one of them, and nothing but an entry sees the root',
  async t => {
    const seen = Map.groupBy(
      ofHouse.filter(({ to }) => /^src\/(http|queue|console)\//.test(to)),
      ({ from }) => from
    )
    const wide = [...seen].filter(([, found]) => new Set(found.map(({ to }) => to.split('/')[1])).size > 1)
    t.same(
      wide
        .filter(([from]) => !/^src\/(host|compose-host|serve-web)\.ts$/.test(from))
        .flatMap(([from, found]) => found.map(({ to }) => `${from} imports ${to}`)),
      []
    )
    none(t, ofHouse, { from: /./, to: 'src/host.ts', except: /^src\/(main\.ts|cli\/)/ })
    none(t, ofHouse, { from: /./, to: /^(src\/(main|cli\/main)\.ts|test\/)/ })
  }
)

t.test(
  'pages share a kit that imports nothing of ours, and whose modules for the browser import none of the server',
  async t => {
    none(t, ofHouse, { from: /^page-kit\//, to: isOurs, unless: /^page-kit\// })
    none(t, ofHouse, {
      from: /^page-kit\/web\//,
      to: /./,
      unless: /^(page-kit\/web\/|(preact|htm|marked|dompurify|uplot)(\/|$))/
    })
  }
)

t.test(
  'the simulator stands for others and shares nothing with the host but the gateways of channels and the kit of pages',
  async t => {
    none(t, ofHouse, {
      from: /^simulator\//,
      to: isOurs,
      unless: /^(simulator|page-kit|plugins\/[^/]+\/simulator)\/|^plugins\/channel-kit\/src\/simulator\.ts$/
    })
    none(t, ofHouse, { from: /^simulator\/crm\//, to: /^simulator\/demo\// })
    none(t, ofHouse, { from: /^(?!simulator\/)/, to: /^simulator\// })
  }
)

t.test(
  'simulated gateways and the bare channel are for tests and the simulator, never for the host or a channel',
  async t => {
    const gateway = /^plugins\/[^/]+\/simulator\//
    t.ok(
      ofHouse.some(({ from, to }) => from.startsWith('simulator/') && gateway.test(to)),
      'the simulator imports some'
    )
    none(t, ofHouse, { from: /^(src\/|plugins\/[^/]+\/src\/)/, to: gateway })
    none(t, ofHouse, {
      from: /^(src\/|simulator\/|plugins\/[^/]+\/(src|simulator)\/)/,
      to: /^plugins\/channel-kit\/testing\//
    })
  }
)

t.test('no file imports itself by way of others, types included', async t => {
  t.same(circles(imports.filter(({ to }) => isOurs(to))), [])
})

t.test('no file hands on what is another file’s', async t => {
  const barrels = code.filter(file => /^export\s[^'"=;]*\sfrom\s+'/m.test(readFileSync(join(ROOT, file), 'utf8')))
  t.same(barrels, [])
})

t.test(
  'an exported name of the host is there once, its pages apart, and what a part is given is not called parts',
  async t => {
    const names = code
      .filter(file => file.startsWith('src/') && !file.startsWith('src/console/page/'))
      .flatMap(file => declared(readFileSync(join(ROOT, file), 'utf8')).map(name => ({ file, name })))
    t.ok(names.length > 400, 'names are found')
    t.same(
      [...Map.groupBy(names, ({ name }) => name).values()].filter(same => same.length > 1),
      []
    )
    // Messages have parts.
    t.same(
      code.filter(
        file =>
          file.startsWith('src/') && /^(export )?(interface|type) Parts\b/m.test(readFileSync(join(ROOT, file), 'utf8'))
      ),
      []
    )
  }
)

t.test('a file is short, and named for what it holds', async t => {
  const lengths = files
    .filter(file => CODE.test(file))
    .map(file => ({ file, lines: readFileSync(join(ROOT, file), 'utf8').trimEnd().split('\n').length }))
  t.same(
    lengths.filter(({ file, lines }) => lines > (/\.test\.ts$/.test(file) ? LONGEST.test : LONGEST.code)),
    []
  )
  t.same(
    files.filter(file => /util|helper|manager|service/i.test(posix.basename(file))),
    []
  )
})

t.test(
  'a file is named by a noun or a verb with its object, never by a lone adjective, adverb or participle',
  async t => {
    t.same(['late', 'said', 'escaped', 'leniently', 'sending'].filter(isLone).length, 5)
    t.same(['feed', 'embed', 'reply', 'settings', 'escape-html', 'use-loaded', 'tls'].filter(isLone), [])
    t.same(
      code.filter(file => !NAMED_OTHERWISE.test(file) && isLone(posix.basename(file).replace(/\..*$/, ''))),
      []
    )
  }
)

t.test('the subject of a comment is a noun: none begins with a pronoun such as Who or What', async t => {
  t.same(
    pronounsIn('/** What is left */\n/**\n * Whoever asks\n */\n// Who\n/* Whatever */\nconst a = 1 // Whose\n-- Of it')
      .length,
    6
  )
  t.same(pronounsIn('/** Whatsoever */\n/** Says what is left */\n/** Its end */\n// A long one\n// Those of it'), [])
  t.same(pronounsIn("log.warn({ event: 'x' }, 'what is left is lost')\nlog.info('hosts removed')\n'What'").length, 1)
  t.same(
    [...code, ...files.filter(file => file.endsWith('.sql'))]
      .filter(file => SPOKEN.test(file))
      .flatMap(file => pronounsIn(readFileSync(join(ROOT, file), 'utf8')).map(line => `${file}: ${line}`)),
    []
  )
})

/** Files with names that others have given: states of a lot as they are persisted, and modules of the kit as channels import them. */
const NAMED_OTHERWISE = /^(src\/lots\/states|plugins\/channel-kit\/src\/(typed|unanswered)\.ts$)/
/** Files whose comments and log texts follow CONTRIBUTING.md, "Words". */
const SPOKEN = /^(src|page-kit|plugins|simulator|bench|chaos|test\/(?!architecture\.test\.ts$))/

/** Words that say how or which, and leave open of what. */
const ADJECTIVES = new Set(
  `alone away bare both broken early heard hopeless kept known late lenient linear live lost narrow new old own plain
  protected public ready rich said seen sent silent simple strict taken together told whole written`.split(/\s+/)
)
/** Nouns and verbs that end like participles and adverbs. */
const NOUNS = new Set(
  'bed ceiling feed need seed speed embed assembly family poly rely reply supply ring string king thing'.split(' ')
)

const isLone = (name: string): boolean => ADJECTIVES.has(name) || (/^[a-z]+(ed|ly|ing)$/.test(name) && !NOUNS.has(name))

const PRONOUN = '(?:Who(?:ever|m|se)?|What(?:ever)?|Whether|Of|One|It|Those|Nobody)\\b[^\\n]*'
const COMMENT = new RegExp(`(?:/\\*\\*?\\s+(?:\\*\\s+)?|(?<!^\\s*(?://|--) .*\\n\\s*)(?://|--) )${PRONOUN}`, 'gm')
const LOG_TEXT = new RegExp(`\\blog\\.\\w+\\((?:\\{[^{}]*\\},\\s*)?['"\x60]${PRONOUN}`, 'gi')

/** Comments and log texts that begin with a pronoun. The second line of a comment is no beginning. */
function pronounsIn(text: string): string[] {
  return [COMMENT, LOG_TEXT].flatMap(wanted => [...text.matchAll(wanted)].map(([found]) => found))
}

const declared = (text: string): string[] =>
  [...text.matchAll(/^export (?:async )?(?:const|function\*?|interface|type|class) ([A-Za-z_]+)/gm)].map(
    ([, name = '']) => name
  )

interface Rule {
  from: RegExp
  to: RegExp | string | ((to: string) => boolean)
  /** Targets that are allowed. */
  unless?: RegExp
  /** Files that may. */
  except?: RegExp
}

function none(t: Test, all: readonly Import[], rule: Rule) {
  const { from: source, to: wanted, unless, except } = rule
  const hits = (to: string) => {
    if (typeof wanted === 'function') return wanted(to)
    return typeof wanted === 'string' ? to === wanted : wanted.test(to)
  }
  const broken = all.filter(({ from, to }) => source.test(from) && !except?.test(from) && hits(to) && !unless?.test(to))
  t.same(
    broken.map(({ from, to }) => `${from} imports ${to}`),
    [],
    `${source.source} imports no ${wanted}`
  )
}

async function list(pattern: string): Promise<string[]> {
  const found: string[] = []
  for await (const entry of glob(pattern, { cwd: ROOT, withFileTypes: true, exclude: ['**/node_modules'] }))
    if (entry.isFile()) found.push(posix.relative(ROOT, posix.join(entry.parentPath, entry.name)))
  return found.sort()
}

/** Imports of a text. Read from the text, since types leave no trace in what runs. */
function specifiers(text: string): string[] {
  const found = text.matchAll(/^(?:import|export)\s(?:[\w\s{},*$]*?\sfrom\s+)?'([^']+)'|\bimport\('([^']+)'\)/gm)
  return [...found].map(([, named, called]) => named ?? called ?? '')
}

function target(from: string, specifier: string): string {
  if (specifier.startsWith('.')) return posix.normalize(posix.join(dirname(from), specifier))
  const [, shared] = /^(page-kit\/(?:web\/.+|[\w-]+))$/.exec(specifier) ?? []
  if (shared) return shared.endsWith('.ts') ? shared : `${shared}.ts`
  const [, kit] = /^channel-kit\/([\w-]+)$/.exec(specifier) ?? []
  if (kit === 'testing') return 'plugins/channel-kit/testing/bare-channel.ts'
  if (kit) return `plugins/channel-kit/src/${kit}.ts`
  const [, simulated] = /^simulator\/([\w-]+)$/.exec(specifier) ?? []
  if (simulated) return files.find(file => new RegExp(`^simulator/(\\w+/)?${simulated}\\.ts$`).test(file)) ?? specifier
  const [, channel, part = 'channel'] = /^channel-([\w-]+)(?:\/([\w-]+))?$/.exec(specifier) ?? []
  if (!channel) return specifier
  return part === 'simulator' ? `plugins/${channel}/simulator/simulator.ts` : `plugins/${channel}/src/${part}.ts`
}

function isOurs(to: string): boolean {
  return /^(src|page-kit|plugins|simulator|test|bench|chaos)\//.test(to)
}

/** Every circle once, as the path along which it closes. */
function circles(edges: readonly Import[]): string[] {
  const next = Map.groupBy(edges, ({ from }) => from)
  const done = new Set<string>()
  const found = new Set<string>()

  const visit = (file: string, path: readonly string[]): void => {
    const start = path.indexOf(file)
    if (start >= 0) {
      found.add([...path.slice(start), file].join(' -> '))
      return
    }
    if (done.has(file)) return
    for (const { to } of next.get(file) ?? []) visit(to, [...path, file])
    done.add(file)
  }
  for (const file of next.keys()) visit(file, [])
  return [...found]
}
