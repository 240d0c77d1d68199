import { execFileSync } from 'node:child_process'
import { chmod, cp, mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { startEmbedded } from '../../src/postgres/embedded/start.ts'
import { testFolder } from '../harness.ts'
import { isAlive, startProcess } from '../host-process.ts'

/** A folder of an embedded Postgres that is not as it should be: each starts, or is told in one sentence what to do. */

/** Many servers start and stop here. */
t.setTimeout(300_000)

/** A cluster without faults, to copy. */
const WHOLE = await testFolder(t)
await (await startEmbedded(WHOLE, { share: false })).close()

t.test('a lock that names nobody does not keep a server from starting', async t => {
  for (const broken of ['', 'garbage\n']) {
    const folder = await copy(t)
    await writeFile(lockOf(folder), broken)
    await starts(t, folder)
  }
})

t.test('a lock that names a server elsewhere does not either, and that one is left in peace', async t => {
  const folder = await copy(t)
  const other = await copy(t)
  const elsewhere = await startEmbedded(other, { share: false })
  t.teardown(elsewhere.close)
  const lock = await readFile(lockOf(other), 'utf8')
  await writeFile(lockOf(folder), lock)
  await starts(t, folder)
  t.ok(isAlive(Number.parseInt(lock, 10)))
  t.equal(await readFile(lockOf(other), 'utf8'), lock)
})

t.test('a lock that lost the name of a server that works there is told, with that server', async t => {
  const folder = await copy(t)
  const first = await startEmbedded(folder, { share: false })
  t.teardown(first.close)
  const lock = await readFile(lockOf(folder), 'utf8')
  await writeFile(lockOf(folder), '')
  const pid = Number.parseInt(lock, 10)
  await t.rejects(startEmbedded(folder, { share: true }), { message: sentence(`kill -INT ${pid}`) })
  t.ok(isAlive(pid))
  await writeFile(lockOf(folder), lock)
})

t.test('a key that is lost or another is told, and leaves neither a server nor a new key behind', async t => {
  const folder = await copy(t)
  const path = join(folder, 'postgres.key')
  const key = await readFile(path, 'utf8')
  for (const lost of [undefined, '', 'another']) {
    await (lost === undefined ? rm(path) : writeFile(path, lost))
    await t.rejects(startEmbedded(folder, { share: false }), { message: sentence(path) })
    await t.rejects(stat(lockOf(folder)), { code: 'ENOENT' }, 'no server')
    t.equal(await readFile(path, 'utf8').catch(() => undefined), lost)
  }
  await writeFile(path, key)
  await starts(t, folder)
})

t.test('a key whose writing was interrupted before there was a database is made anew', async t => {
  const folder = await testFolder(t)
  await writeFile(join(folder, 'postgres.key'), '')
  await starts(t, folder)
  t.same((await readdir(folder)).sort(), ['postgres', 'postgres.key', 'postgres.log'])
})

t.test('a database that is half there is told with what is missing', async t => {
  for (const part of ['PG_VERSION', 'global/pg_control', 'base', 'pg_wal', 'postgresql.conf']) {
    const folder = await copy(t)
    await rm(join(folder, 'postgres', part), { recursive: true })
    await t.rejects(startEmbedded(folder, { share: false }), {
      message: sentence(`${part} is missing`, 'restore the folder from a backup')
    })
  }
})

t.test('an empty folder is no half database', async t => {
  const folder = await testFolder(t)
  await mkdir(join(folder, 'postgres'))
  await starts(t, folder)
})

t.test('a database of another major version is told, with how to bring it over', async t => {
  const folder = await copy(t)
  await writeFile(join(folder, 'postgres', 'PG_VERSION'), '15\n')
  await t.rejects(startEmbedded(folder, { share: false }), {
    message: sentence('is of Postgres 15', 'dump it', 'set DATABASE_URL')
  })
})

t.test('whatever else keeps a server from starting is told by its own reason', async t => {
  const folder = await copy(t)
  await rm(join(folder, 'postgres', 'pg_notify'), { recursive: true })
  await t.rejects(startEmbedded(folder, { share: false }), {
    message: sentence('could not open directory "pg_notify"', join(folder, 'postgres.log'), 'restore DATA_DIR')
  })
})

if (process.getuid?.() === 0)
  t.test('a user without an entry in the passwd file is told, with its id', async t => {
    const folder = await testFolder(t)
    await chmod(folder, 0o777)
    const host = await startProcess(t, folder, { uid: 54_321, gid: 54_321 })
    t.match(await host.ended, { code: 1 })
    t.match(host.complaints(), sentence('54321', '/etc/passwd', 'set DATABASE_URL'))
  })

const lockOf = (folder: string) => join(folder, 'postgres', 'postmaster.pid')

async function copy(t: Test): Promise<string> {
  const folder = await testFolder(t)
  await cp(WHOLE, folder, { recursive: true })
  // The copy gets the owner of the original, which matters when we are root.
  const { uid, gid } = await stat(join(WHOLE, 'postgres'))
  execFileSync('chown', ['-R', `${uid}:${gid}`, join(folder, 'postgres')])
  await chmod(join(folder, 'postgres'), 0o700)
  return folder
}

async function starts(t: Test, folder: string): Promise<void> {
  const { url, close } = await startEmbedded(folder, { share: false })
  const sql = postgres(url, { max: 1 })
  try {
    t.same(await sql`select 1 one`, [{ one: 1 }])
  } finally {
    await sql.end()
    await close()
  }
}

/** These words in this order, in one sentence. */
const sentence = (...words: readonly string[]) =>
  new RegExp(`^[^\\n]*${words.map(word => RegExp.escape(word)).join('[^\\n]*')}[^\\n]*\\.\\n?$`)
