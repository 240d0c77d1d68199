import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { type Browser, chromium, type Page } from 'playwright-core'
import type { Test } from 'tap'
import { testDatabase, testFolder } from './harness.ts'

/** The demo in a process of its own, and its page in a browser. */

/** How long a thing on the page may take to come, on a slow machine. */
const PATIENCE_MS = 30_000

const CHROMIUM = '/usr/bin/chromium'
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync'
]

export const PICTURE = {
  name: 'red.png',
  mimeType: 'image/png',
  buffer: Buffer.from(
    'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR4nGP4z8DwHwAFAAH/iZk9HQAAAABJRU5ErkJggg==',
    'base64'
  )
}

export function textFile(name: string) {
  return { name, mimeType: 'text/plain', buffer: Buffer.from('some text') }
}

export async function openBrowser(t: Test): Promise<Browser> {
  if (!existsSync(CHROMIUM)) {
    t.fail(`The demo's page is tested in Chromium, and there is no ${CHROMIUM}: install it (apt-get install chromium)`)
    process.exit(1)
  }
  const browser = await chromium.launch({ executablePath: CHROMIUM, args: FLAGS })
  t.teardown(() => browser.close())
  return browser
}

/** A page that notes what it should not do: ask elsewhere, or break. */
export async function openPage(t: Test, browser: Browser, address: string) {
  const context = await browser.newContext({ locale: 'en-US' })
  t.teardown(() => context.close())
  const page: Page = await context.newPage()
  page.setDefaultTimeout(PATIENCE_MS)
  const foreign: string[] = []
  const broken: string[] = []
  page.on('request', request => {
    const { protocol, hostname } = new URL(request.url())
    if (hostname !== '127.0.0.1' && protocol !== 'data:') foreign.push(request.url())
  })
  page.on('pageerror', error => broken.push(error.message))
  await page.goto(address)
  await page.getByRole('heading', { level: 1 }).waitFor()
  return { page, foreign, broken }
}

/** The demo as a process of its own, ready to be opened. It stops with the test, and has to stop well. */
export async function startDemo(t: Test): Promise<{ url: string; printed: string[] }> {
  const database = process.env.TEST_DATABASE_URL ? await testDatabase(t) : process.env.DATABASE_URL
  const demo = spawn(process.execPath, ['--disable-warning=ExperimentalWarning', 'simulator/demo/demo.ts'], {
    env: {
      ...process.env,
      PORT: '0',
      DEMO_PORT: '0',
      DATA_DIR: await testFolder(t),
      ...(database ? { DATABASE_URL: database } : {})
    },
    stdio: ['ignore', 'pipe', 'pipe']
  })
  const complaints: string[] = []
  demo.stderr.on('data', chunk => complaints.push(String(chunk)))
  t.teardown(() => stop(demo))

  const printed: string[] = []
  for await (const line of createInterface({ input: demo.stdout })) {
    printed.push(line)
    // The line of the console comes after that of the page.
    const url = printed.join('\n').match(/http:\S+/)?.[0]
    if (url && line.includes('/console/')) return { url, printed }
  }
  throw new Error(`the demo ended before it printed an address: ${[...printed, ...complaints].join('\n')}`)
}

async function stop(demo: ChildProcess): Promise<void> {
  if (demo.exitCode !== null || demo.signalCode !== null) return
  demo.kill('SIGTERM')
  const [code] = await once(demo, 'exit')
  if (code !== 0) throw new Error(`the demo ended with ${code}`)
}
