import { access, readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../../src/config.ts'
import { startHost } from '../../src/host.ts'
import { openDatabase, testDatabase, testEnvironment, testFolder, until } from '../harness.ts'
import { startProcess } from '../host-process.ts'
import { keptLog } from '../log.ts'

/** A host's start with its database: what it waits for, what it takes back when it is ended, and what does not reach it. */

t.setTimeout(300_000)

/** A first start makes a database, and other tests run at the same time. */
const STARTS_MS = 60_000

/** Settings of another's server. */
const OTHERS = {
  PGHOST: '192.0.2.1',
  PGPORT: '1',
  PGUSER: 'somebody',
  PGPASSWORD: 'secret',
  PGDATABASE: 'elsewhere',
  PGSSLMODE: 'require',
  PGSSLNEGOTIATION: 'direct',
  PGOPTIONS: '-c default_transaction_read_only=on -c nonsense=1',
  PGCLIENT_ENCODING: 'LATIN1',
  PGCLIENTENCODING: 'LATIN1',
  PGREPLICATION: 'database',
  PGBINARY: '1',
  PGDATA: '/nowhere',
  PGTZ: 'Nowhere/Land',
  PGAPPNAME: 'another'
}

t.test('variables of the environment that are for other servers do not reach the embedded Postgres', async t => {
  const host = await startProcess(t, await testFolder(t), { env: OTHERS })
  await host.ready()
  host.child.kill('SIGTERM')
  t.match(await host.ended, { code: 0 })
  t.equal(host.complaints(), '')
})

/** Moments of a first start, by what there is in its folder. */
const MOMENTS: Readonly<Record<string, (folder: string) => Promise<boolean>>> = {
  'makes its database': async folder => (await readdir(folder)).some(name => name.startsWith('postgres.new')),
  'starts its Postgres': folder => isThere(join(folder, 'postgres/postmaster.pid')),
  'migrates its database': async folder =>
    (await readFile(join(folder, 'postgres.log'), 'utf8').catch(() => '')).includes('ready to accept')
}

for (const [moment, isNow] of Object.entries(MOMENTS))
  t.test(`SIGTERM while a host ${moment} ends it in order, and leaves no Postgres behind`, async t => {
    const folder = await testFolder(t)
    const host = await startProcess(t, folder)
    await until(`the host to be one that ${moment}`, () => isNow(folder), STARTS_MS)
    host.child.kill('SIGTERM')
    t.same(await host.ended, { code: 0, signal: null })
    t.equal(host.complaints(), '')
    t.same(await postgresOf(folder), [])
    t.notOk(await isThere(join(folder, 'postgres/postmaster.pid')))
    t.same(
      (await readdir(folder)).filter(name => name.includes('new')),
      [],
      'nor what was half made'
    )
  })

t.test('a start that waits says for what, and ends when it is told to', async t => {
  const url = await testDatabase(t)
  const { sql, close } = openDatabase(url, 1)
  t.teardown(close)
  // As a host does that migrates.
  await sql`select pg_advisory_lock(7205114)`
  const kept = keptLog()
  const over = new AbortController()
  const env = await testEnvironment(t, { DATABASE_URL: url, LOG_LEVEL: 'info' })
  const starting = startHost(readConfig(env), { logTo: kept.logTo, signal: over.signal })
  const ended = t.rejects(starting)
  const said = () => kept.log().match(/waiting for the database to be brought to this version/g) ?? []
  await until('it to say so', async () => said().length === 1, 15_000)
  await until('it to say so again', async () => said().length === 2, 15_000)
  over.abort()
  await ended
})

const isThere = (path: string) =>
  access(path).then(
    () => true,
    () => false
  )

/** Processes that were given this folder, or one in it. */
async function postgresOf(folder: string): Promise<string[]> {
  const pids = (await readdir('/proc')).filter(name => /^\d+$/.test(name))
  const commands = await Promise.all(pids.map(pid => readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')))
  return commands.filter(command => command.includes('postgres') && command.includes(`${folder}/`))
}
