import { execFile, spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { startEmbedded } from '../src/postgres/embedded/start.ts'
import { migrateDatabase } from '../src/postgres/migrate.ts'
import { failures } from './failures.ts'
import { openDatabase } from './harness.ts'

/**
 * Runs the tests: starts one Postgres for all of them, with a migrated database
 * to copy, then tap, and prints `N passed, N failed` last. Arguments go to tap.
 */

/** The database that each test copies. */
const TEMPLATE = 'template_migrated'
const CHROMIUM = '/usr/bin/chromium'

if (!existsSync(CHROMIUM))
  process.stderr.write(`There is no ${CHROMIUM}; the browser tests will fail. On Debian: apt-get install -y chromium\n`)

const folder = await mkdtemp(join(tmpdir(), 'chat-plugin-host-test-'))
/** Variables that let each process of the run start sooner. */
const QUICK_START = {
  NODE_OPTIONS: `--import=${new URL('./quick-imports.ts', import.meta.url)}`,
  NODE_COMPILE_CACHE: join(folder, 'compiled')
}
const server = await startEmbedded(folder, { share: false })
let failed = 1
try {
  await prepare(server.url)
  failed = await runTap(join(folder, 'output.tap'))
} finally {
  await server.close()
  await rm(folder, { recursive: true, force: true })
}
process.exitCode = failed > 0 ? 1 : 0

async function prepare(url: string): Promise<void> {
  const { sql, close } = openDatabase(url, 1)
  // Nothing of a test outlives its run, so nothing need reach the disk.
  for (const setting of ['fsync', 'synchronous_commit', 'full_page_writes'])
    await sql.unsafe(`alter system set ${setting} = off`)
  await sql`select pg_reload_conf()`
  await sql.unsafe(`create database ${TEMPLATE}`)
  await close()
  await migrateDatabase(databaseUrl(url, TEMPLATE))
}

async function runTap(output: string): Promise<number> {
  // Freshly installed, tap has plugins that .taprc leaves out, and would run with them the first time.
  await promisify(execFile)('tap', ['build'])
  // Away from a terminal its reporters draw nothing in the end, and what failed would go unsaid.
  const reporter = process.stdout.isTTY ? [] : ['--reporter=silent']
  const tap = spawn('tap', [`--output-file=${output}`, ...reporter, ...process.argv.slice(2)], {
    stdio: ['ignore', 'inherit', 'inherit'],
    env: {
      ...process.env,
      ...QUICK_START,
      TEST_DATABASE_URL: server.url,
      TEST_TEMPLATE: TEMPLATE,
      NODE_ENV: 'test'
    }
  })
  const interrupted = (signal: NodeJS.Signals) => tap.kill(signal)
  process.on('SIGINT', interrupted).on('SIGTERM', interrupted)
  const code = await new Promise<number>(resolve => tap.once('exit', code => resolve(code ?? 1)))
  const stream = await readFile(output, 'utf8').catch(() => '')
  const lines = stream.split('\n')
  // A file's tests are one level below the file; one that broke before its first test fails by itself.
  const passed = lines.filter(line => line.startsWith('    ok ') && !line.includes('# SKIP')).length
  const failed = Math.max(
    ...['    not ok ', 'not ok '].map(start => lines.filter(line => line.startsWith(start)).length),
    code === 0 ? 0 : 1
  )
  if (!process.stdout.isTTY) process.stdout.write(failures(stream))
  // A line of its own: tap's last word is a terminal sequence without an end of line.
  process.stdout.write(`\n${passed} passed, ${failed} failed\n`)
  return failed
}

function databaseUrl(url: string, database: string): string {
  const changed = new URL(url)
  changed.pathname = `/${database}`
  return changed.href
}
