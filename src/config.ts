import { resolve } from 'node:path'
import { type Static, type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { bytes, milliseconds } from './amounts.ts'
import { VARIABLE_PROBLEMS } from './config-checks.ts'

const Flag = (value: boolean, description: string) =>
  Type.String({ default: value ? '1' : '0', pattern: '^(1|0|true|false|yes|no|on|off)$', description })
const Count = (value: number, description: string, limits: { minimum: number; maximum: number }) =>
  Type.Integer({ default: value, description, ...limits })
const Duration = (value: string, description: string) =>
  Type.String({
    default: value,
    pattern: '^\\d+(\\.\\d+)?(ms|s|m|h|d)?$',
    description: `${description} (seconds, or with ms, s, m, h, d)`
  })

const Size = (value: string, description: string) =>
  Type.String({
    default: value,
    pattern: '^\\d+(\\.\\d+)?(KiB|MiB|GiB|TiB)?$',
    description: `${description}; 0: no limit (bytes, or with KiB, MiB, GiB, TiB)`
  })

/** Every variable that the host reads, with its default. `example.env` and the README's table are checked against it. */
export const Environment = Type.Object({
  PORT: Count(3000, 'Port to listen on', { minimum: 0, maximum: 65_535 }),
  HOST: Type.String({ default: '127.0.0.1', minLength: 1, description: 'Address to listen on' }),
  DATA_DIR: Type.String({
    default: './data',
    minLength: 1,
    description: 'Where the embedded database, its keys and the uploads live'
  }),
  DATABASE_URL: Type.String({
    default: '',
    pattern: '^(postgres(ql)?://.+)?$',
    description: 'A Postgres of 15 or newer; empty: an embedded one below DATA_DIR'
  }),
  LV_PLUGIN_SELF_URI: Type.String({
    default: '',
    pattern: '^(https?://[^?#]+)?$',
    description: 'Public address of the host; empty: made of HOST and PORT'
  }),
  LV_PLUGIN_CHANNELS: Type.String({
    default: 'echo=/ whatsapp-cloud bpmessage mobiletech',
    pattern: '\\S',
    description: 'Channels to mount, separated by spaces: name-or-package[=/path]'
  }),
  LV_PLUGIN_COMPONENT_REGISTRATION_SCHEME: Type.String({
    default: 'https',
    enum: ['https', 'http'],
    description: 'Scheme that a token issuer must have'
  }),
  LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME: Type.String({
    default: 'backend.leadvertex.com,backend.salesrender.com',
    pattern: '\\S',
    description:
      'Hosts (and their subdomains; =host: without them) that may issue tokens, separated by commas; with https at port 443, or host:port'
  }),
  LV_PLUGIN_CHECK_EXPIRY: Flag(true, 'Refuse tokens that are expired or not valid yet; 0 only logs them'),
  LV_PLUGIN_CHAT_SEND_ATTEMPTS: Count(100, 'Attempts to send a message before it fails', {
    minimum: 1,
    maximum: 100_000
  }),
  LV_PLUGIN_CHAT_SEND_INTERVAL: Duration('10s', 'Time between two attempts'),
  LV_PLUGIN_CHAT_SEND_QUEUE_LIMIT: Count(100, 'Messages in flight at the same time in one host', {
    minimum: 1,
    maximum: 10_000
  }),
  LV_PLUGIN_CHAT_SEND_TIMEOUT: Duration('30s', 'Time that a channel has for one attempt'),
  LV_PLUGIN_MEDIA_WAIT: Duration('20s', 'Time that a chat waits for a file of a customer, which then follows'),
  LV_PLUGIN_STOP_TIMEOUT: Duration('15s', 'Time that what is in hand may take to end when the host stops'),
  LV_PLUGIN_CRM_RETRY: Duration(
    '72h',
    'How long a status or an incoming message is offered to a CRM that does not take it'
  ),
  LV_PLUGIN_CRM_PARK_AFTER: Count(
    20,
    'Tries after which an item that the CRM alone refuses, while it takes others, is parked',
    { minimum: 1, maximum: 100_000 }
  ),
  LV_PLUGIN_RETENTION: Duration(
    '90d',
    'How long messages, and what the CRM was told, are kept after they are settled; 0: for ever'
  ),
  LV_PLUGIN_WEBHOOKS: Duration(
    '7d',
    'How long calls of gateways are kept as they came, sealed, to be looked at and replayed; 0: they are not'
  ),
  LV_PLUGIN_EVENTS: Duration('7d', 'How long events are kept for readers of the feed; 0: none is written'),
  LV_PLUGIN_DEFAULT_LANG: Type.String({
    default: 'en_US',
    pattern: '^[a-z]{2}[_-][A-Z]{2}$',
    description: 'Language when a request asks for none that is there'
  }),
  LV_PLUGIN_SECRET_KEYS: Type.String({
    default: '',
    pattern: '^([A-Za-z0-9_.-]+:[A-Za-z0-9+/_-]{43}=?(,|$|\\s+))*$',
    description:
      'Keys of secrets at rest, id:base64 of 32 bytes, newest first, separated by commas; empty: one is made in DATA_DIR, for a new database'
  }),
  LV_PLUGIN_ROLES: Type.String({
    default: 'web,worker',
    pattern: '^(web|worker)([,\\s]+(web|worker))?$',
    description: 'What this process does: web, worker or both'
  }),
  OUTBOUND_ALLOW: Type.String({
    default: '',
    description: 'Private networks that the host may call, as CIDR, separated by commas'
  }),
  UPLOADS_URL: Type.String({
    default: '',
    pattern: '^(file:.+)?$',
    description: 'Where uploads are kept, as a file: URL; empty: DATA_DIR/uploads'
  }),
  LV_PLUGIN_QUOTA_UPLOADS: Size('10GiB', 'Most that the uploads of one registration take on the disk'),
  LV_PLUGIN_QUOTA_WEBHOOKS: Size('64MiB', 'Most that the kept calls of the gateway of one registration take a day'),
  LV_PLUGIN_QUOTA_MESSAGES: Size(
    '8MiB',
    'Most that one registration posts to /special/send a second, in the long run; ten times that may come at once'
  ),
  LV_PLUGIN_QUOTA_REQUESTS: Count(
    100,
    'Requests for forms, settings, lookups and uploads a second of one registration, in the long run; ten times that may come at once',
    { minimum: 1, maximum: 1_000_000 }
  ),
  LV_PLUGIN_QUOTA_API: Count(50, 'Requests to the API a second of one token', { minimum: 1, maximum: 1_000_000 }),
  LV_PLUGIN_DISK_FLOOR: Size('1GiB', 'Free disk below which no upload is taken'),
  CONSOLE_TOKEN: Type.String({
    default: '',
    pattern: '^([\\x21-\\x7e]{24,512})?$',
    description:
      'A token with every right for the API and the login of the console at /console/, of 24 characters or more; empty: neither is there'
  }),
  METRICS_TOKEN: Type.String({
    default: '',
    pattern: '^([\\x21-\\x7e]{24,512})?$',
    description: 'The token of GET /metrics, of 24 characters or more; empty: they are not served there'
  }),
  METRICS_PORT: Count(0, 'A port for /metrics and /health alone, on HOST and without a token; 0: none', {
    minimum: 0,
    maximum: 65_535
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: Type.String({
    default: '',
    pattern: '^(https?://.+)?$',
    description: 'A collector of traces, by OTLP over HTTP; empty: there are none'
  }),
  OTEL_EXPORTER_OTLP_PROTOCOL: Type.String({
    default: 'http/protobuf',
    enum: ['http/protobuf'],
    description: 'How traces are sent; a collector takes it at port 4318'
  }),
  LOG_CONTACTS: Flag(false, 'Contacts are logged as they are; 0: masked'),
  LOG_LEVEL: Type.String({
    default: 'info',
    enum: ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
    description: 'How much is logged'
  })
})

export type Config = ReturnType<typeof readConfig>

interface Mount {
  channel: string
  /** `/` or `/path/`; undefined: by the channel's name. */
  path: string | undefined
}

/** Throws one error that names every variable that is wrong. */
export function readConfig(env: NodeJS.ProcessEnv) {
  const read = variables(Environment, env)
  const wrong = read.wrong.length > 0 ? read.wrong : unworkable(read.values)
  if (wrong.length > 0)
    throw new Error(`Cannot start, the environment is wrong:\n${wrong.map(line => `  ${line}`).join('\n')}`)
  const value = read.values as Static<typeof Environment>
  const dataDir = resolve(value.DATA_DIR)

  return {
    listen: { port: value.PORT, host: value.HOST },
    dataDir,
    databaseUrl: value.DATABASE_URL || undefined,
    selfUri: `${(value.LV_PLUGIN_SELF_URI || `http://${value.HOST.includes(':') ? `[${value.HOST}]` : value.HOST}:${value.PORT}`).replace(/(?<!\/)\/+$/, '')}/`,
    mounts: words(value.LV_PLUGIN_CHANNELS).map(mount),
    issuers: {
      scheme: value.LV_PLUGIN_COMPONENT_REGISTRATION_SCHEME,
      hostnames: words(value.LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME).map(name => name.toLowerCase()),
      checkExpiry: flag(value.LV_PLUGIN_CHECK_EXPIRY)
    },
    queue: {
      attempts: value.LV_PLUGIN_CHAT_SEND_ATTEMPTS,
      intervalMs: milliseconds(value.LV_PLUGIN_CHAT_SEND_INTERVAL),
      limit: value.LV_PLUGIN_CHAT_SEND_QUEUE_LIMIT,
      timeoutMs: milliseconds(value.LV_PLUGIN_CHAT_SEND_TIMEOUT),
      mediaWaitMs: milliseconds(value.LV_PLUGIN_MEDIA_WAIT),
      stopMs: milliseconds(value.LV_PLUGIN_STOP_TIMEOUT),
      crmRetryMs: milliseconds(value.LV_PLUGIN_CRM_RETRY),
      crmParkAfter: value.LV_PLUGIN_CRM_PARK_AFTER
    },
    retentionMs: milliseconds(value.LV_PLUGIN_RETENTION),
    webhooksMs: milliseconds(value.LV_PLUGIN_WEBHOOKS),
    eventsMs: milliseconds(value.LV_PLUGIN_EVENTS),
    defaultLanguage: value.LV_PLUGIN_DEFAULT_LANG.replace('-', '_'),
    secretKeys: value.LV_PLUGIN_SECRET_KEYS || undefined,
    roles: { web: value.LV_PLUGIN_ROLES.includes('web'), worker: value.LV_PLUGIN_ROLES.includes('worker') },
    outboundAllow: words(value.OUTBOUND_ALLOW),
    uploadsUrl: value.UPLOADS_URL || undefined,
    quotas: {
      uploads: bytes(value.LV_PLUGIN_QUOTA_UPLOADS),
      webhooks: bytes(value.LV_PLUGIN_QUOTA_WEBHOOKS),
      messages: bytes(value.LV_PLUGIN_QUOTA_MESSAGES),
      requests: value.LV_PLUGIN_QUOTA_REQUESTS,
      api: value.LV_PLUGIN_QUOTA_API,
      diskFloor: bytes(value.LV_PLUGIN_DISK_FLOOR)
    },
    consoleToken: value.CONSOLE_TOKEN || undefined,
    metrics: { token: value.METRICS_TOKEN || undefined, port: value.METRICS_PORT || undefined },
    logContacts: flag(value.LOG_CONTACTS),
    logLevel: value.LOG_LEVEL,
    env
  }
}

/** Picks, defaults and checks the variables of a schema. An empty variable counts as not set. */
export function variables(schema: TSchema & { properties: Record<string, TSchema> }, env: NodeJS.ProcessEnv) {
  const given: Record<string, unknown> = {}
  const wrong: string[] = []
  for (const [name, variable] of Object.entries(schema.properties)) {
    const { default: fallback, description } = variable as { default?: unknown; description?: string }
    const text = env[variableName(name, variable)]?.trim() || undefined
    given[name] = text === undefined ? fallback : converted(variable, text)
    if (given[name] === undefined && !(schema as { required?: string[] }).required?.includes(name)) delete given[name]
    else if (!Value.Check(variable, given[name]))
      wrong.push(
        `${variableName(name, variable)}${text === undefined ? ' is missing' : ` is ${shown(name, text)}`}: ${description ?? 'not valid'}, ${Value.Errors(variable, given[name])[0]?.message}`
      )
  }
  return { values: given, wrong }
}

/** Variables whose value no log may have. */
const SECRET = /TOKEN|KEY|SECRET|PASSWORD|DATABASE_URL/

const shown = (name: string, text: string) => (SECRET.test(name) ? 'not valid' : JSON.stringify(text))

/** Only what is written as a whole number is one. */
const converted = (variable: TSchema, text: string) =>
  (variable as { type?: string }).type === 'integer' && /^-?\d+$/.test(text) ? Number(text) : text

/** Variables that match their pattern but cannot work, with the reason. */
function unworkable(values: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(VARIABLE_PROBLEMS).flatMap(([name, problemOf]) => {
    const text = String(values[name])
    const problem = problemOf(text, milliseconds, values)
    return problem === undefined ? [] : [`${name} is ${shown(name, text)}: ${problem.replace(`${name}: `, '')}`]
  })
}

const variableName = (name: string, variable: TSchema) => (variable as { env?: string }).env ?? name

const words = (text: string) => text.split(/[\s,]+/).filter(Boolean)
const flag = (text: string) => /^(1|true|yes|on)$/.test(text)

function mount(word: string): Mount {
  const [channel = '', path] = word.split(/=(?=\/)/)
  return {
    channel,
    path: path === undefined ? undefined : `/${path.split('/').filter(Boolean).join('/')}/`.replace('//', '/')
  }
}
