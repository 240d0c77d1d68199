import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { Client } from 'pg'
import { freePort } from 'simulator/free-port'
import { APPLICATION } from '../src/postgres/connect.ts'
import { runAs, serverAccount } from '../src/postgres/embedded/os-user.ts'
import { startServer, stopServer } from '../src/postgres/embedded/postmaster.ts'
import type { Server } from '../src/postgres/embedded/postmaster-lock.ts'
import { initialise, wholeUrl } from '../src/postgres/embedded/server.ts'

/** A database that can be ended in the way in which machines end it. */
export interface Postgres {
  url: string
  /** Ends it at once and starts it again after a while. */
  crash(how: 'SIGQUIT' | 'SIGKILL', downMs: number): Promise<void>
  close(): Promise<void>
}

const PASSWORD = 'chaos'
const PATIENCE_MS = 60_000

/** A server of the run's own. */
export async function ownPostgres(folder: string): Promise<Postgres> {
  const data = join(folder, 'postgres')
  await initialise(data, PASSWORD)
  const first = await startServer(data, connects)
  await stopServer(first)
  let server = await startAgain(data, first.port, await freePort())
  const url = wholeUrl(server.port, PASSWORD)

  return {
    url,
    async crash(how, downMs) {
      process.kill(server.pid, how)
      await delay(downMs)
      server = await startAgain(data, server.port, server.port)
    },
    close: () => stopServer(server)
  }
}

/** By the command that the server itself wrote down, as pg_ctl does. */
async function startAgain(data: string, lastPort: number, port: number): Promise<Server> {
  const command = await readFile(join(data, 'postmaster.opts'), 'utf8')
  const [, program = '', rest = ''] = /^(\S+) (.*)/.exec(command) ?? []
  const given = [...rest.matchAll(/"([^"]*)"/g)].map(([, argument]) => argument as string)
  const args = given.map(argument => (argument === String(lastPort) ? String(port) : argument))
  const deadline = performance.now() + PATIENCE_MS
  while (performance.now() < deadline) {
    const child = spawn(...runAs(serverAccount(), data, program, args), { detached: true, stdio: 'ignore' })
    child.unref()
    // While backends of the killed server still end, a new one refuses to start.
    if (await comesUp(child, port)) return { pid: child.pid as number, port }
    await delay(200)
  }
  throw new Error('Postgres did not start again')
}

async function comesUp(child: ChildProcess, port: number): Promise<boolean> {
  const ended = once(child, 'exit')
  while (child.exitCode === null) {
    if (await connects(port)) return true
    await Promise.race([delay(50), ended])
  }
  return false
}

async function connects(port: number): Promise<boolean> {
  const client = new Client({ connectionString: wholeUrl(port, PASSWORD) })
  client.on('error', () => {})
  try {
    await client.connect()
    await client.query('select 1')
    return true
  } catch {
    return false
  } finally {
    await client.end()
  }
}

/** A database of the run's own on a server that others use too: a crash only cuts the hosts' connections to it. */
export async function databaseOn(server: string): Promise<Postgres> {
  const name = `chaos_${process.pid}`
  const client = new Client({ connectionString: server })
  await client.connect()
  await client.query(`create database ${name}`)
  const url = new URL(server)
  url.pathname = `/${name}`

  return {
    url: url.href,
    async crash(_how, downMs) {
      const end = performance.now() + downMs
      do {
        await client.query(
          'select pg_terminate_backend(pid) from pg_stat_activity where datname = $1 and application_name like $2',
          [name, `%${APPLICATION}%`]
        )
        await delay(100)
      } while (performance.now() < end)
    },
    async close() {
      await client.query(`drop database if exists ${name} with (force)`)
      await client.end()
    }
  }
}
