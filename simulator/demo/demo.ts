import { randomBytes } from 'node:crypto'
import { startCrm } from '../crm/crm.ts'
import { freePortLike } from '../free-port.ts'
import { startHostProcess } from '../host-process.ts'
import { DEMO_CHANNELS } from './demo-channels.ts'
import { demoPage } from './demo-page.ts'
import { openExampleShop } from './example-shop.ts'
import type { GatewayAt } from './gateway.ts'

const HOST = '127.0.0.1'
/** A first start sets up a database. */
const STARTS_MS = 180_000
const env = process.env
const say = (line: string) => process.stdout.write(`${line}\n`)

const wanted = Number(env.DEMO_PORT ?? 8080)
const port = await freePortLike(wanted)
if (wanted !== 0 && port !== wanted) say(`Port ${wanted} is taken, the page goes to ${port} instead.`)
const hostPort = await freePortLike(Number(env.PORT ?? 3000))
const selfUri = `http://${HOST}:${hostPort}/`

const gateways: Record<string, GatewayAt> = {}
for (const { name, start, files = false, country } of DEMO_CHANNELS)
  if (start) gateways[name] = { simulator: await start(), files, ...(country ? { country } : {}) }
const simulators = Object.values(gateways).map(({ simulator }) => simulator)

const crm = await startCrm({ port, page: demoPage(gateways) })
for (const { name, title, path = `/${name}/` } of DEMO_CHANNELS)
  crm.plugin({ key: name, name: title, selfUri: `${selfUri}${path.slice(1)}` })

// A console for whoever sits at this terminal, and for nobody else on the machine.
const consoleToken = env.CONSOLE_TOKEN || randomBytes(18).toString('base64url')
const variables = {
  ...env,
  ...Object.assign({}, ...simulators.map(({ variables }) => variables)),
  PORT: String(hostPort),
  HOST,
  DATA_DIR: env.DATA_DIR ?? './data/demo',
  // A .env beside it has no say: a demo must not work on a database that is used for real.
  DATABASE_URL: env.DATABASE_URL ?? '',
  LV_PLUGIN_SECRET_KEYS: env.LV_PLUGIN_SECRET_KEYS ?? '',
  LV_PLUGIN_ROLES: 'web,worker',
  CONSOLE_TOKEN: consoleToken,
  LV_PLUGIN_SELF_URI: selfUri,
  LV_PLUGIN_CHANNELS: DEMO_CHANNELS.map(({ name, path }) => (path ? `${name}=${path}` : name)).join(' '),
  LV_PLUGIN_COMPONENT_REGISTRATION_SCHEME: 'http',
  LV_PLUGIN_COMPONENT_REGISTRATION_HOSTNAME: HOST,
  OUTBOUND_ALLOW: '127.0.0.0/8',
  LV_PLUGIN_CONTACT_TYPE: 'phone',
  LV_PLUGIN_CAPABILITY_SUBJECT: '1',
  LV_PLUGIN_MESSAGE_FORMATS: 'text markdown html',
  LV_PLUGIN_MESSAGE_INCOMING: '1',
  LV_PLUGIN_MESSAGE_OUTGOING: '1',
  LV_PLUGIN_MESSAGE_WRITE_FIRST: '1',
  LV_PLUGIN_ATTACHMENTS: 'file image voice'
}
// A Ctrl+C in the terminal reaches the whole group: detached, the host is told to stop once, by us.
const host = startHostProcess({ env: variables, output: 'pipe', detached: true })
process.once('exit', () => host.child.kill('SIGTERM'))

let stopping = false
let shop: Awaited<ReturnType<typeof openExampleShop>> | undefined
const stop = async (exitCode: number) => {
  if (stopping) return
  stopping = true
  await host.end()
  await Promise.all([crm.close(), shop?.close()])
  await Promise.all(simulators.map(simulator => simulator.close()))
  process.exitCode = exitCode
}
const interrupted = () => {
  // The impatient press Ctrl+C twice.
  if (stopping) return host.child.kill('SIGKILL')
  say('\nStopping the host…')
  stop(0)
}
process.on('SIGINT', interrupted).on('SIGTERM', interrupted)

say('Starting the host (the first start sets up a database and may take a minute)…')
try {
  let reported = 0
  await host.answers(`${selfUri}info`, {
    timeoutMs: STARTS_MS,
    progress(seconds) {
      if (seconds < reported + 10) return
      reported = seconds
      say(`  still starting, ${seconds} s…`)
    }
  })
  shop = await openExampleShop({ selfUri, consoleToken, port: port + 1 })
  say(`\nOpen ${crm.url} to play with it.`)
  say(`The operator's console is at ${selfUri}console/, its token ${consoleToken}`)
  say('Ctrl+C stops everything.')
  await host.ended
  if (!stopping) throw new Error(host.lastWords())
} catch (error) {
  if (!stopping) {
    process.stderr.write(`${error instanceof Error ? error.message : error}\n`)
    await stop(1)
  }
}
