import { execFile } from 'node:child_process'
import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { Environment, readConfig } from '../src/config.ts'
import { TEST_KEYS } from './harness.ts'

const ROOT = fileURLToPath(new URL('..', import.meta.url))

const DEFAULTS = {
  listen: { port: 3000, host: '127.0.0.1' },
  dataDir: resolve('data'),
  databaseUrl: undefined,
  selfUri: 'http://127.0.0.1:3000/',
  mounts: [
    { channel: 'echo', path: '/' },
    ...['whatsapp-cloud', 'bpmessage', 'mobiletech'].map(channel => ({ channel, path: undefined }))
  ],
  issuers: { scheme: 'https', hostnames: ['backend.leadvertex.com', 'backend.salesrender.com'], checkExpiry: true },
  queue: {
    attempts: 100,
    intervalMs: 10_000,
    limit: 100,
    timeoutMs: 30_000,
    mediaWaitMs: 20_000,
    stopMs: 15_000,
    crmRetryMs: 72 * 3_600_000,
    crmParkAfter: 20
  },
  retentionMs: 90 * 86_400_000,
  webhooksMs: 7 * 86_400_000,
  eventsMs: 7 * 86_400_000,
  defaultLanguage: 'en_US',
  secretKeys: undefined,
  roles: { web: true, worker: true },
  outboundAllow: [],
  uploadsUrl: undefined,
  quotas: {
    uploads: 10 * 1024 ** 3,
    messages: 8 * 1024 ** 2,
    webhooks: 64 * 1024 ** 2,
    requests: 100,
    api: 50,
    diskFloor: 1024 ** 3
  },
  consoleToken: undefined,
  metrics: { token: undefined, port: undefined },
  logContacts: false,
  logLevel: 'info'
}

/** Wrong values of each variable. Any text is an address or a folder. */
const WRONG: Readonly<Record<string, readonly string[]>> = {
  PORT: ['x', '-1', '65536', '3000a'],
  DATABASE_URL: ['mysql://localhost/db', 'localhost:5432', 'postgres://'],
  LV_PLUGIN_SELF_URI: ['example.com', 'ftp://example.com/', 'https://example.com/?a=1', 'https://example.com/#top'],
  LV_PLUGIN_COMPONENT_REGISTRATION_SCHEME: ['ftp', 'HTTPS'],
  LV_PLUGIN_CHECK_EXPIRY: ['2', 'maybe'],
  LV_PLUGIN_CHAT_SEND_ATTEMPTS: ['0', '-1', 'many'],
  LV_PLUGIN_CHAT_SEND_INTERVAL: ['soon', '-1', '10 s', '1w'],
  LV_PLUGIN_CHAT_SEND_QUEUE_LIMIT: ['0', '10001'],
  LV_PLUGIN_CHAT_SEND_TIMEOUT: ['never', '1.2.3'],
  LV_PLUGIN_CRM_RETRY: ['three days', 's'],
  LV_PLUGIN_MEDIA_WAIT: ['soon', '-1'],
  LV_PLUGIN_STOP_TIMEOUT: ['soon', '-1'],
  LV_PLUGIN_QUOTA_UPLOADS: ['10 GiB', '-1', '5GB', 'much'],
  LV_PLUGIN_QUOTA_MESSAGES: ['fast', '8 MiB'],
  LV_PLUGIN_QUOTA_REQUESTS: ['0', '1.5'],
  LV_PLUGIN_QUOTA_WEBHOOKS: ['much', '64 MiB'],
  LV_PLUGIN_WEBHOOKS: ['for ever', '-1d'],
  LV_PLUGIN_EVENTS: ['for ever', '-1d'],
  LV_PLUGIN_QUOTA_API: ['0', '1.5'],
  CONSOLE_TOKEN: ['short', 'x'.repeat(23), `${'x'.repeat(30)} x`],
  LOG_CONTACTS: ['2', 'some'],
  METRICS_TOKEN: ['short', 'x'.repeat(23), `${'x'.repeat(30)} x`],
  METRICS_PORT: ['x', '-1', '65536'],
  OTEL_EXPORTER_OTLP_ENDPOINT: ['collector:4318', 'ftp://collector'],
  OTEL_EXPORTER_OTLP_PROTOCOL: ['grpc', 'http/json'],
  LV_PLUGIN_DISK_FLOOR: ['low', '1G'],
  LV_PLUGIN_CRM_PARK_AFTER: ['0', 'never'],
  LV_PLUGIN_RETENTION: ['for ever', '-1d'],
  LV_PLUGIN_DEFAULT_LANG: ['english', 'en', 'EN_us'],
  LV_PLUGIN_SECRET_KEYS: ['a', 'a:c2hvcnQ=', `${TEST_KEYS};${TEST_KEYS}`],
  LV_PLUGIN_ROLES: ['worker2', 'web,worker,web', 'all'],
  UPLOADS_URL: ['/var/uploads', 'ftp://example.com/', 'file:'],
  LOG_LEVEL: ['loud', 'INFO']
}

t.test('nothing is needed: every variable has a default', async t => {
  const { env: _, ...config } = readConfig({})
  t.same(config, DEFAULTS)
})

t.test('an empty variable counts as not set', async t => {
  const { env: _, ...config } = readConfig(
    Object.fromEntries(Object.keys(Environment.properties).map((name, index) => [name, index % 2 ? '' : '  ']))
  )
  t.same(config, DEFAULTS)
})

t.test('a wrong variable is named with its value, unless that is a secret, and what it is for', async t => {
  for (const [name, values] of Object.entries(WRONG))
    for (const value of values) t.equal(problems({ [name]: value }).join('; '), describe(name, value))

  const free = ['HOST', 'DATA_DIR', 'LV_PLUGIN_CHANNELS', 'LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME', 'OUTBOUND_ALLOW']
  t.same(Object.keys(Environment.properties).sort(), [...Object.keys(WRONG), ...free].sort(), 'none is forgotten')
})

t.test('all wrong variables are named at once', async t => {
  const wrong = Object.entries(WRONG).map(([name, [value = '']]) => [name, value] as const)
  t.same(problems(Object.fromEntries(wrong)).sort(), wrong.map(([name, value]) => describe(name, value)).sort())
})

t.test('a variable that looks right and cannot work is named too, before anything starts', async t => {
  for (const [name, value] of [
    ['PORT', '3.5'],
    ['LV_PLUGIN_CHAT_SEND_ATTEMPTS', 'true'],
    ['DATABASE_URL', 'postgres://127.0.0.1:1:1/db'],
    ['LV_PLUGIN_SELF_URI', 'https:///'],
    ['LV_PLUGIN_SELF_URI', 'https://example.com:99999/'],
    ['METRICS_PORT', '3000'],
    ['UPLOADS_URL', 'file://server/uploads'],
    ['OUTBOUND_ALLOW', 'intranet'],
    ['OUTBOUND_ALLOW', '10.0.0.0/99'],
    ['OUTBOUND_ALLOW', '10.0.0.0/'],
    ['LV_PLUGIN_CHAT_SEND_TIMEOUT', '50d'],
    ['LV_PLUGIN_CHAT_SEND_TIMEOUT', '0.5ms']
  ] as const)
    t.match(problems({ [name]: value }), [new RegExp(name)], `${name}=${value}`)
})

t.test('a time is in seconds, or has a unit', async t => {
  for (const [text, ms] of [
    ['10', 10_000],
    ['10s', 10_000],
    ['500ms', 500],
    ['0.5', 500],
    ['1.5s', 1_500],
    ['2m', 120_000],
    ['72h', 259_200_000],
    ['3d', 259_200_000]
  ] as const)
    t.equal(readConfig({ LV_PLUGIN_CHAT_SEND_INTERVAL: text }).queue.intervalMs, ms, text)

  const { queue } = readConfig({ LV_PLUGIN_CHAT_SEND_TIMEOUT: '1', LV_PLUGIN_CRM_RETRY: '2' })
  t.match(queue, { intervalMs: 10_000, timeoutMs: 1_000, crmRetryMs: 2_000 })
})

t.test('the public address ends with one slash, and is made of the listener when there is none', async t => {
  for (const [env, selfUri] of [
    [{ LV_PLUGIN_SELF_URI: 'https://chat.example.com' }, 'https://chat.example.com/'],
    [{ LV_PLUGIN_SELF_URI: 'https://chat.example.com/' }, 'https://chat.example.com/'],
    [{ LV_PLUGIN_SELF_URI: 'https://example.com:8443/chat///' }, 'https://example.com:8443/chat/'],
    [{ PORT: '8080', HOST: 'chat.local' }, 'http://chat.local:8080/'],
    [{ HOST: '::1' }, 'http://[::1]:3000/']
  ] as const)
    t.equal(readConfig(env).selfUri, selfUri)
})

t.test('a channel is mounted by the name of its package, at a path or at its own', async t => {
  for (const [text, mounts] of [
    ['echo', [['echo', undefined]]],
    ['echo=/', [['echo', '/']]],
    ['echo=/a', [['echo', '/a/']]],
    ['echo=//a//b//', [['echo', '/a/b/']]],
    [
      ' echo=/ \n whatsapp-cloud ',
      [
        ['echo', '/'],
        ['whatsapp-cloud', undefined]
      ]
    ],
    ['@acme/chat-sms=/sms', [['@acme/chat-sms', '/sms/']]],
    ['/srv/channels/own.ts=/own', [['/srv/channels/own.ts', '/own/']]]
  ] as const)
    t.same(
      readConfig({ LV_PLUGIN_CHANNELS: text }).mounts,
      mounts.map(([channel, path]) => ({ channel, path })),
      text
    )
})

t.test('a process serves the web, runs the queue, or both', async t => {
  for (const [text, web, worker] of [
    ['web', true, false],
    ['worker', false, true],
    ['web,worker', true, true],
    ['worker web', true, true]
  ] as const)
    t.same(readConfig({ LV_PLUGIN_ROLES: text }).roles, { web, worker }, text)
})

t.test('switches, lists and languages are read as people write them', async t => {
  for (const [text, on] of [
    ['1', true],
    ['yes', true],
    ['on', true],
    ['0', false],
    ['false', false]
  ] as const)
    t.equal(readConfig({ LV_PLUGIN_CHECK_EXPIRY: text }).issuers.checkExpiry, on, text)
  t.same(readConfig({ OUTBOUND_ALLOW: '10.0.0.0/8, fd00::/8' }).outboundAllow, ['10.0.0.0/8', 'fd00::/8'])
  t.same(readConfig({ LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME: 'CRM.example.com other.example' }).issuers.hostnames, [
    'crm.example.com',
    'other.example'
  ])
  t.equal(readConfig({ LV_PLUGIN_DEFAULT_LANG: 'pt-BR' }).defaultLanguage, 'pt_BR')
})

t.test('`npm start` with wrong variables ends with code 1 and says which, without a stack', async t => {
  const { code, stderr } = await npmStart({ PORT: 'x', LV_PLUGIN_ROLES: 'cook' })
  t.equal(code, 1)
  t.match(stderr, /^Cannot start, the environment is wrong:\n {2}PORT is "x": .+\n {2}LV_PLUGIN_ROLES is "cook": .+\n/)
  t.notMatch(stderr, /^ +at |node:internal/m)
})

/** The complaints about an environment. */
function problems(env: NodeJS.ProcessEnv): string[] {
  try {
    readConfig(env)
    return []
  } catch (error) {
    return (error as Error).message.split('\n  ').slice(1)
  }
}

/** The start of a complaint, without the validator's own words. */
function describe(name: string, value: string): string {
  const { description } = (Environment.properties as Record<string, { description?: string }>)[name] ?? {}
  const secret = ['DATABASE_URL', 'LV_PLUGIN_SECRET_KEYS', 'CONSOLE_TOKEN', 'METRICS_TOKEN'].includes(name)
  const start = `${name} is ${secret ? 'not valid' : JSON.stringify(value)}: ${description}, must `
  return problems({ [name]: value }).find(line => line.startsWith(start)) ?? `${start}…`
}

function npmStart(env: NodeJS.ProcessEnv): Promise<{ code: number; stderr: string }> {
  const own = { PATH: process.env.PATH, HOME: process.env.HOME, ...env }
  return new Promise(done =>
    execFile('npm', ['start', '--silent'], { cwd: ROOT, env: own }, (error, _stdout, stderr) =>
      done({ code: Number(error?.code ?? 0), stderr })
    )
  )
}
