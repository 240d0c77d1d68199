import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { fileURLToPath } from 'node:url'
import postgres from 'postgres'
import type { Test } from 'tap'
import { until } from '../harness.ts'

/** `npm start` without npm, for tests that end processes. */

const MAIN = fileURLToPath(new URL('../../src/main.ts', import.meta.url))

/** A first start makes a database, and other tests run at the same time. */
const PATIENCE_MS = 60_000

interface How {
  uid?: number
  gid?: number
  env?: Readonly<Record<string, string>>
}

/** A host on this folder and nothing else, at a port that the system picks. Whatever the test leaves alive of it is killed. */
export async function startProcess(t: Test, folder: string, { env, ...account }: How = {}) {
  // Without what tap adds to every child, which an ordinary user may not write.
  const child = spawn('env', ['-u', 'NODE_OPTIONS', process.execPath, MAIN], {
    cwd: folder,
    env: { PATH: process.env.PATH, PORT: '0', DATA_DIR: folder, ...env },
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

  const serves = async () => {
    if (child.exitCode !== null) throw new Error(`the host ended: ${complaints()}`)
    const [, url] = /Server listening at ([^"]+)/.exec(log()) ?? []
    return url && (await fetch(`${url}/health/ready`)).status === 200
  }
  const ready = () => until('the host to serve', serves, PATIENCE_MS)
  return { child, complaints, ended, ready }
}

function textOf(stream: Readable): () => string {
  let text = ''
  stream.setEncoding('utf8').on('data', chunk => {
    text += chunk
  })
  return () => text
}

export async function serverPid(folder: string): Promise<number> {
  return Number.parseInt(await readFile(join(folder, 'postgres', 'postmaster.pid'), 'utf8'), 10)
}

export function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** Speaks to the folder's server beside its host. */
export async function ask<Answer>(folder: string, question: (sql: postgres.Sql) => Promise<Answer>): Promise<Answer> {
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
