import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { access, chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { startEmbedded } from '../../src/postgres/embedded/start.ts'
import { testFolder, until } from '../harness.ts'

/** A Postgres that nobody installed: made, started, found again, and stopped. */

t.test('the first start makes a server, and the next one finds its data', async t => {
  const folder = join(await testFolder(t), 'not', 'there', 'yet')
  const first = await start(t, folder)
  await ask(first.url, sql => sql`create table kept as select 'ё' word`)
  const pid = await serverPid(folder)
  await first.close()
  t.notOk(isAlive(pid), 'a closed server is gone')

  const second = await start(t, folder)
  t.same(await ask(second.url, sql => sql`select word from kept`), [{ word: 'ё' }])
  t.equal(new URL(second.url).password, new URL(first.url).password)
})

t.test('the server listens on the loopback only, and to nobody without the password', async t => {
  const folder = await testFolder(t)
  const { url } = await start(t, folder)
  t.equal(new URL(url).hostname, '127.0.0.1')
  t.same(await ask(url, sql => sql`show listen_addresses`), [{ listen_addresses: '127.0.0.1' }])

  const guess = new URL(url)
  guess.password = 'postgres'
  await t.rejects(
    ask(guess.href, sql => sql`select 1`),
    { code: '28P01' }
  )
  t.equal((await stat(join(folder, 'postgres.key'))).mode & 0o777, 0o600)
  t.equal((await stat(join(folder, 'postgres'))).mode & 0o777, 0o700)
})

t.test('a server starts below a folder that only its owner may enter', async t => {
  const closed = join(await testFolder(t), 'private')
  await mkdir(closed, { mode: 0o700 })
  const folder = join(closed, 'data')
  const { url } = await start(t, folder)
  t.same(await ask(url, sql => sql`select 1 one`), [{ one: 1 }])
  t.equal((await stat(closed)).mode & 0o777, 0o700, 'which stays closed')
})

t.test('what an interrupted first start left half made is thrown away', async t => {
  const folder = await testFolder(t)
  await mkdir(join(folder, 'postgres.new', 'base'), { recursive: true })
  await writeFile(join(folder, 'postgres.new', 'PG_VERSION'), '18\n')
  await writeFile(join(folder, 'postgres.new', 'base', 'half'), 'made')
  await writeFile(join(folder, 'postgres.new.password'), 'left over')
  await chmod(join(folder, 'postgres.new'), 0o700)

  const { url } = await start(t, folder)
  t.same(await ask(url, sql => sql`select 1 one`), [{ one: 1 }])
  t.same((await readdir(folder)).sort(), ['postgres', 'postgres.key', 'postgres.log'])
  await t.rejects(access(join(folder, 'postgres', 'base', 'half')))
})

t.test('a lock of a server that was killed does not block the next start, whoever has its number now', async t => {
  const folder = await testFolder(t)
  const killed = await start(t, folder)
  await ask(killed.url, sql => sql`create table kept as select 1 one`)
  const lock = join(folder, 'postgres', 'postmaster.pid')
  const text = await readFile(lock, 'utf8')
  const pid = await serverPid(folder)
  process.kill(pid, 'SIGKILL')
  await gone(pid)

  await t.test('when nobody has it', async t => {
    const { url, close } = await start(t, folder)
    t.same(await ask(url, sql => sql`select one from kept`), [{ one: 1 }])
    await close()
  })

  await t.test('when another program has it', async t => {
    const other = await bystander(t)
    await writeFile(lock, text.replace(/^\d+/, String(other.pid)))
    const { url, close } = await start(t, folder)
    t.same(await ask(url, sql => sql`select one from kept`), [{ one: 1 }])
    await close()
    t.equal(other.exitCode ?? other.signalCode, null, 'which is left in peace')
  })

  await t.test('when this very process has it', async t => {
    await writeFile(lock, text.replace(/^\d+/, String(process.pid)))
    const { url, close } = await start(t, folder)
    t.same(await ask(url, sql => sql`select one from kept`), [{ one: 1 }])
    await close()
  })
})

t.test('a server that is still stopping is waited for', async t => {
  const folder = await testFolder(t)
  const first = await start(t, folder)
  const closing = first.close()
  const second = await start(t, folder)
  await closing
  t.same(await ask(second.url, sql => sql`select 1 one`), [{ one: 1 }])
})

t.test('a second host is refused while the first is alive, the command line works beside it', async t => {
  const folder = await testFolder(t)
  const host = await start(t, folder)
  await t.rejects(startEmbedded(folder, { share: false }), {
    message: `Another host is running on ${folder}. Stop it, choose another DATA_DIR, or give both one Postgres by DATABASE_URL.`
  })

  const command = await startEmbedded(folder, { share: true })
  t.teardown(command.close)
  t.equal(command.url, host.url)
  await command.close()
  t.same(await ask(host.url, sql => sql`select 1 one`), [{ one: 1 }], 'whose end the host does not notice')
})

t.test('the last to leave a server stops it, whoever started it', async t => {
  const folder = await testFolder(t)
  const host = await start(t, folder)
  const pid = await serverPid(folder)
  const command = await startEmbedded(folder, { share: true })
  t.teardown(command.close)
  await host.close()
  t.same(await ask(host.url, sql => sql`select 1 one`), [{ one: 1 }])

  const next = await start(t, folder)
  await command.close()
  t.same(await ask(next.url, sql => sql`select 1 one`), [{ one: 1 }])
  await next.close()
  t.notOk(isAlive(pid))
})

t.test('a folder that cannot be used is told by its name', async t => {
  const folder = await testFolder(t)
  await writeFile(join(folder, 'file'), '')
  await t.rejects(startEmbedded(join(folder, 'file', 'data'), { share: false }), { message: /file\/data/ })
})

/** Closed with the test, however it ends. */
async function start(t: Test, folder: string) {
  const embedded = await startEmbedded(folder, { share: false })
  t.teardown(embedded.close)
  return embedded
}

async function serverPid(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

function gone(pid: number) {
  return until(`process ${pid} to end`, async () => !isAlive(pid))
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

async function bystander(t: Test): Promise<ChildProcess> {
  const child = spawn(process.execPath, ['-e', 'setInterval(() => {}, 1000)'], { stdio: 'ignore' })
  await once(child, 'spawn')
  t.teardown(() => child.kill('SIGKILL'))
  return child
}

async function ask<Answer>(url: string, question: (sql: postgres.Sql) => Promise<Answer>): Promise<Answer> {
  const sql = postgres(url, { max: 1 })
  try {
    return await question(sql)
  } finally {
    await sql.end()
  }
}
