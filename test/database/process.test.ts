import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import t, { type Test } from 'tap'
import { testFolder, until } from '../harness.ts'

/** A host with its embedded Postgres as processes, killed in the ways in which processes are killed. */

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

t.test('SIGTERM ends a host in order, and its Postgres with it', async t => {
  const folder = await testFolder(t)
  const host = await startProcess(t, folder)
  await host.ready()
  const server = await serverPid(folder)

  host.child.kill('SIGTERM')
  t.same(await host.ended, { code: 0, signal: null })
  t.notOk(isAlive(server))
  t.equal(host.complaints(), '')
})

t.test('a host that is killed leaves a Postgres that the next one takes over', async t => {
  const folder = await testFolder(t)
  const killed = await startProcess(t, folder)
  await killed.ready()
  const server = await serverPid(folder)
  await leaveMark(folder)
  killed.child.kill('SIGKILL')
  t.same(await killed.ended, { code: null, signal: 'SIGKILL' })
  t.ok(isAlive(server), 'the server does not notice')

  const next = await startProcess(t, folder)
  await next.ready()
  t.equal(await serverPid(folder), server)
  t.same(await readMark(folder), [{ word: 'kept' }])

  next.child.kill('SIGTERM')
  t.match(await next.ended, { code: 0 })
  t.notOk(isAlive(server), 'who took it over stops it')
})

t.test('a host and a Postgres that are killed together start again with their data', async t => {
  const folder = await testFolder(t)
  const killed = await startProcess(t, folder)
  await killed.ready()
  await leaveMark(folder)
  const server = await serverPid(folder)
  killed.child.kill('SIGKILL')
  process.kill(server, 'SIGKILL')
  await killed.ended
  await until('the server to end', async () => !isAlive(server))

  const next = await startProcess(t, folder)
  await next.ready()
  t.not(await serverPid(folder), server)
  t.same(await readMark(folder), [{ word: 'kept' }])
})

t.test('a second host on the same folder is refused, and the first goes on', async t => {
  const folder = await testFolder(t)
  const first = await startProcess(t, folder)
  await first.ready()

  const second = await startProcess(t, folder)
  t.match(await second.ended, { code: 1 })
  t.equal(
    second.complaints(),
    `Another host is running on ${folder}. Stop it, choose another DATA_DIR, or give both one Postgres by DATABASE_URL.\n`
  )
  await first.ready()
})

t.test('of two hosts that start together on an empty folder one serves and the other hears why not', async t => {
  const folder = await testFolder(t)
  const hosts = [await startProcess(t, folder), await startProcess(t, folder)]
  const [first] = await Promise.all([
    Promise.any(hosts.map(host => host.ready().then(() => host))),
    Promise.any(hosts.map(host => within(host.ended, 'one of them to end')))
  ])
  const other = hosts.find(host => host !== first)
  t.same(await other?.ended, { code: 1, signal: null })
  t.match(other?.complaints(), new RegExp(`${folder}.*(Stop it|again)`))
  await first.ready()
})

t.test('a password that is not the server’s any more is told, not tried for ever', async t => {
  const folder = await testFolder(t)
  const host = await startProcess(t, folder)
  await host.ready()
  host.child.kill('SIGTERM')
  await host.ended
  await writeFile(join(folder, 'postgres.key'), 'another')

  const next = await startProcess(t, folder)
  t.match(await within(next.ended, 'the host to give up'), { code: 1 })
  t.match(next.complaints(), /postgres\.key/)
})

t.test('an ordinary user runs a host of their own', async t => {
  const folder = await testFolder(t)
  await chmod(folder, 0o777)
  const account = ordinaryUser()
  const host = await startProcess(t, folder, account)
  await host.ready()
  const server = await serverPid(folder)
  t.equal((await stat(`/proc/${server}`)).uid, account.uid, 'the server is theirs')
  t.equal((await stat(join(folder, 'postgres'))).uid, account.uid)

  host.child.kill('SIGTERM')
  t.match(await host.ended, { code: 0 })
  t.notOk(isAlive(server))
})

/** Whoever we are, or `nobody` when we are root. */
function ordinaryUser(): { uid: number; gid: number } {
  const id = (flag: string) => Number(execFileSync('id', process.getuid?.() === 0 ? [flag, 'nobody'] : [flag]))
  return { uid: id('-u'), gid: id('-g') }
}

/** A host on this folder and nothing else, at a port that the system picks. Whatever the test leaves alive of it is killed. */
async function startProcess(t: Test, folder: string, account: { uid?: number; gid?: number } = {}) {
  const child = spawn(process.execPath, [MAIN], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...account
  })
  const [log, complaints] = [textOf(child.stdout), textOf(child.stderr)]
  const ended = once(child, 'close').then(([code, signal]) => ({ code, signal }))
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
    const server = await serverPid(folder).catch(() => undefined)
    if (server === undefined || !isAlive(server)) return
    process.kill(server, 'SIGQUIT')
    await until('the server to end', async () => !isAlive(server))
  })

  const ready = () =>
    until('the host to serve', async () => {
      if (child.exitCode !== null) throw new Error(`the host ended: ${complaints()}`)
      const [, url] = /Server listening at ([^"]+)/.exec(log()) ?? []
      return url && (await fetch(`${url}/health/ready`)).status === 200
    })
  return { child, complaints, ended, ready }
}

function textOf(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  return () => text
}

async function within<Value>(promise: Promise<Value>, what: string): Promise<Value> {
  let value: { it: Value } | undefined
  promise.then(it => {
    value = { it }
  })
  return (await until(what, async () => value)).it
}

async function serverPid(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

function leaveMark(folder: string) {
  return ask(folder, sql => sql`create table mark as select 'kept' word`)
}

function readMark(folder: string) {
  return ask(folder, sql => sql`select word from mark`)
}

/** Speaks to the folder's server beside its host. */
async function ask<Answer>(folder: string, question: (sql: postgres.Sql) => Promise<Answer>): Promise<Answer> {
  const [, , , port] = (await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8')).split('\n')
  const password = await readFile(join(folder, 'postgres.key'), 'utf8')
  const sql = postgres({
    host: '127.0.0.1',
    port: Number(port),
    user: 'postgres',
    password,
    database: 'postgres',
    max: 1
  })
  try {
    return await question(sql)
  } finally {
    await sql.end()
  }
}
