import { execFile } from 'node:child_process'
import { readFile, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import t from 'tap'
import { testFolder } from '../harness.ts'
import { apiHost } from './ask.ts'

/** Types of clients, made of the OpenAPI file by a generator that others use. */

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const GENERATOR = join(ROOT, 'test/client-types/node_modules/openapi-typescript/bin/cli.js')
const COMPILER = join(ROOT, 'node_modules/typescript/bin/tsc')

/** The client of the document, with what it asks and is answered typed by the paths. */
const SIGNATURE = 'const api = async (path: string, body?: object) => {'
const IMPORTED = `import type { paths } from './api.d.ts'`
const TYPED = `
type Filled<Path> = Path extends \`\${infer Before}{\${string}}\${infer After}\`
  ? \`\${Before}\${number}\${Filled<After>}\`
  : Path
type PathOf<Key> = Key extends \`/api/v1\${infer Rest}\` ? Filled<Rest> : never
/** The routes of a method that there are. */
type Routes<Method extends 'get' | 'post'> = {
  [Key in keyof paths as paths[Key] extends Record<Method, object> ? PathOf<Key> : never]: paths[Key][Method]
}
type Answer<Route> = Route extends { responses: { 200: { content: { 'application/json': infer Json } } } } ? Json : never
type Body<Route> = Route extends { requestBody?: { content: { 'application/json': infer Json } } } ? Json : never

async function api<Path extends keyof Routes<'get'>>(path: Path): Promise<Answer<Routes<'get'>[Path]>>
async function api<Path extends keyof Routes<'post'>>(
  path: Path,
  body: Body<Routes<'post'>[Path]>
): Promise<Answer<Routes<'post'>[Path]>>
async function api(path: string, body?: object): Promise<unknown> {`

const { host } = await apiHost(t)
const folder = await testFolder(t)
await symlink(join(ROOT, 'node_modules'), join(folder, 'node_modules'))
/** Without the modules that tap has every process load. */
const run = (...args: readonly string[]) =>
  promisify(execFile)('env', ['-u', 'NODE_OPTIONS', process.execPath, ...args], { cwd: folder })

t.test('types that are generated from the OpenAPI file hold for the client of docs/api.md', async t => {
  const description = await (await fetch(`${host.url}api/v1/openapi.json`)).text()
  await writeFile(join(folder, 'openapi.json'), description)
  await run(GENERATOR, 'openapi.json', '-o', 'api.d.ts')

  const [, client = ''] = /```ts\n([\s\S]*?)```/.exec(await readFile(join(ROOT, 'docs/api.md'), 'utf8')) ?? []
  t.ok(client.includes(SIGNATURE), 'the client is as this test knows it')
  const typed = [IMPORTED, client.replace(SIGNATURE, () => TYPED)].join('\n')
  t.same(await compiled(typed), [])

  const wrong = [
    `await api('/registration')`,
    `await api('/registrations/1/pause')`,
    `await api('/registrations', {})`,
    `await api('/registrations/1/pause', {})`,
    `await api('/registrations/1/pause', { reason: 1 })`,
    `await api('/registrations/1/pause', { reason: '', untill: '2030-01-01T00:00:00Z' })`,
    `for (const { oldest } of (await api('/registrations')).items) console.log(oldest)`,
    `for (const { type } of (await api('/events')).events) console.log(type === 'message.sent')`
  ]
  const right = [
    `await api('/registrations/1/pause', { reason: '', until: '2030-01-01T00:00:00Z' })`,
    `for (const event of (await api('/events')).events)
       if (event.type === 'message.sent_elsewhere') console.log(event.source satisfies 'phone' | 'crm', event.text?.length)
       else if (event.type === 'quality.changed') console.log(event.limit?.length)`
  ]
  t.same(await compiled([typed, ...right].join('\n')), [])
  const start = typed.split('\n').length
  const lines = new Set((await compiled([typed, ...wrong].join('\n'))).map(line => line - start))
  t.same(
    [...lines].toSorted((one, other) => one - other),
    wrong.map((_, index) => index + 1),
    'each wrong use is an error'
  )
})

/** Answers of the API, as the pages of the console read them. */
const SHAPES = [
  ['/messages', 'ListPage<page.Message>'],
  ['/messages/1', 'WholeMessage'],
  ['/registrations', 'ListPage<page.Registration>'],
  ['/registrations/1', 'Registration'],
  ['/registrations/1/templates', 'Templates'],
  ['/registrations/1/suppressions', 'ListPage<page.Suppression>'],
  ['/failures', '{ items: page.FailureGroup[]; isCut: boolean }'],
  ['/operations/1', 'Operation'],
  ['/outbox', 'ListPage<page.OutboxItem>'],
  ['/lots', 'ListPage<page.Lot>'],
  ['/lots/1', 'WholeLot'],
  ['/webhooks/received', 'ListPage<page.ReceivedWebhook>'],
  ['/webhooks/received/1', 'WholeWebhook'],
  ['/usage', '{ items: page.UsageRow[] }'],
  ['/events', '{ events: page.FeedEvent[]; next: string }'],
  ['/tokens', 'ListPage<page.ApiToken>'],
  ['/audit', 'ListPage<page.AuditEntry>'],
  ['/overview', 'Overview'],
  ['/traffic', 'Traffic']
] as const

t.test('the pages of the console read answers as the OpenAPI file describes them', async t => {
  const pages = join(ROOT, 'src/console/page')
  const head = [
    IMPORTED,
    `import type * as plain from '${pages}/shapes.ts'`,
    `import type * as whole from '${pages}/overview/overview-shapes.ts'`,
    TYPED,
    '  throw new Error(path + body)\n}'
  ].join('\n')
  const uses = SHAPES.map(([path, shape], index) => {
    const named = shape.replaceAll('page.', 'plain.')
    const type = /^(Overview|Traffic)$/.test(named)
      ? `whole.${named}`
      : named.startsWith('{')
        ? named
        : `plain.${named}`
    return `const answer${index}: ${type} = await api('${path}')`
  })
  const start = head.split('\n').length
  const wrong = (await compiled([head, ...uses].join('\n'))).map(line => SHAPES[line - start - 1]?.[0])
  t.same(wrong, [])
  const types = [
    `type Told = Awaited<ReturnType<typeof events>>['events'][number]['type']`,
    `const events = () => api('/events')`,
    `type Known = (typeof plain.EVENT_TYPES)[number]`,
    `const same: [Told] extends [Known] ? ([Known] extends [Told] ? true : never) : never = true`
  ]
  t.same(await compiled([head, ...types].join('\n')), [], 'the pages know all types of events, and no others')
  const odd = `const odd: plain.ListPage<plain.Message & { nowhere: string }> = await api('/messages')`
  t.same(await compiled([head, odd].join('\n')), [start + 1], 'another shape is an error')
})

/** Lines of a client that are errors to the compiler of this repository. */
async function compiled(client: string): Promise<number[]> {
  await writeFile(join(folder, 'client.mts'), client)
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--target', 'es2025', '--types', 'node']
  const { stdout, stderr } = await run(
    COMPILER,
    ...options,
    '--pretty',
    'false',
    '--allowImportingTsExtensions',
    'client.mts'
  ).catch(error => error as { stdout: string; stderr: string })
  if (stderr) throw new Error(stderr)
  return stdout
    .split('\n')
    .filter(line => /^\S.*: error /.test(line))
    .map(line => {
      const [, number] = /^client\.mts\((\d+),/.exec(line) ?? []
      if (!number) throw new Error(line)
      return Number(number)
    })
}
